#!/bin/sh
# A model client of your own as a program: hands the prompt to a command-line tool that you are logged in to.
#
#   perfagent run --instance problem.json --model 'command:./my-model.sh'
#
# Standard input is one JSON object with "messages" (each with "role" and "content"), "temperature",
# "max_output_tokens", "reasoning_effort" and the fields of model.extra_body. Standard output is the answer. Any exit code
# but 0 is a failure, explained by the end of standard error. The program is started anew for every answer, without any
# variable whose name says that it holds a key: read keys from a file of your own.
set -eu

python3 -c '
import json, sys
for message in json.load(sys.stdin)["messages"]:
    print(message["content"], end="\n\n")
' | ${MODEL_CLI:-claude -p}
