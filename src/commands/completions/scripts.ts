/** What a completion script needs to know of the command line. */
export interface CompletionModel {
  readonly commands: readonly {
    readonly name: string;
    readonly aliases: readonly string[];
    readonly description: string;
    readonly flags: readonly CompletionFlag[];
    /** Allowed words of the first argument, if it is one of a set. */
    readonly words: readonly string[];
  }[];
}

export interface CompletionFlag {
  readonly name: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** Allowed values; empty when any value, most often a file, is allowed. */
  readonly values: readonly string[];
  readonly multiple: boolean;
}

/** A completion script for bash 4 and later. */
export function bashScript({ commands }: CompletionModel): string {
  const cases = commands.map(({ name, aliases, flags, words }) => {
    const names = [...flags.map((flag) => `--${flag.name}`), "--help", ...words].join(" ");
    return `    ${[name, ...aliases].join("|")}) words="${names}" ;;`;
  });
  const values = new Map<string, string>();
  for (const { flags } of commands) {
    for (const flag of flags) if (flag.values.length > 0) values.set(flag.name, flag.values.join(" "));
  }
  const valueCases = Array.from(
    values,
    ([flag, list]) => `    --${flag}) COMPREPLY=($(compgen -W "${list}" -- "$cur")); return ;;`,
  );
  const fileFlags = new Set(
    commands.flatMap(({ flags }) =>
      flags.filter((flag) => flag.takesValue && flag.values.length === 0).map((flag) => `--${flag.name}`),
    ),
  );
  return `# bash completion for perfagent
_perfagent() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} --help --version" -- "$cur"))
    return
  fi
  case "$prev" in
${valueCases.join("\n")}
    ${[...fileFlags].join("|")}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _perfagent perfagent
`;
}

/** A completion script for zsh, to be put into a file `_perfagent` on `$fpath` or sourced. */
export function zshScript({ commands }: CompletionModel): string {
  const list = commands.map(({ name, description }) => `    ${quoted(`${name}:${description}`)}`);
  const cases = commands.map(({ name, aliases, flags, words }) => {
    const specs = flags.map((flag) => {
      const star = flag.multiple ? "*" : "";
      const action = flag.values.length > 0 ? `:value:(${flag.values.join(" ")})` : ":file:_files";
      return `${star}--${flag.name}[${bracketed(flag.description)}]${flag.takesValue ? action : ""}`;
    });
    const rest = words.length > 0 ? `1:shell:(${words.join(" ")})` : "*:file:_files";
    const all = [...specs, "--help[This help]", rest].map((spec) => ` \\\n        ${quoted(spec)}`);
    return `    ${[name, ...aliases].join("|")}) _arguments${all.join("")} ;;`;
  });
  return `#compdef perfagent
_perfagent() {
  local -a commands
  commands=(
${list.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments '--help[Help]' '--version[The version]'
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_perfagent" ]; then
  _perfagent "$@"
else
  compdef _perfagent perfagent
fi
`;
}

/** A completion script for fish. */
export function fishScript({ commands }: CompletionModel): string {
  const names = commands.map(({ name }) => name).join(" ");
  const lines = [
    "# fish completion for perfagent",
    "complete -c perfagent -l help -s h -d 'Help'",
    `complete -c perfagent -n 'not __fish_seen_subcommand_from ${names}' -f -l version -d 'The version'`,
  ];
  for (const { name, aliases, description, flags, words } of commands) {
    lines.push(
      `complete -c perfagent -n 'not __fish_seen_subcommand_from ${names}' -f -a ${name} -d ${fishQuoted(description)}`,
    );
    const inside = `-n '__fish_seen_subcommand_from ${[name, ...aliases].join(" ")}'`;
    if (words.length > 0) lines.push(`complete -c perfagent ${inside} -f -a '${words.join(" ")}'`);
    for (const flag of flags) {
      const value =
        flag.values.length > 0 ? ` -x -a '${flag.values.join(" ")}'` : flag.takesValue ? " -r -F" : "";
      lines.push(
        `complete -c perfagent ${inside} -l ${flag.name}${value} -d ${fishQuoted(flag.description)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

// --- internal ---

/** A word in single quotes, for POSIX-like shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** fish reads `\\'` and `\\\\` inside single quotes. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** A description inside the brackets of a zsh `_arguments` specification. */
function bracketed(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, (character) => `\\${character}`);
}
