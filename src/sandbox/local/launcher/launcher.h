/*
 * The launcher: first process of a box. It runs one program after another, takes the clock and the memory of each,
 * holds the limits, and hands everything back over its control descriptors. It is trusted; the programs are not.
 *
 *   launcher [--own | --bare] [--uid N] [--processes N] [--tmp FOLDER BYTES] [--inputs FOLDER]
 *            [--cgroup1 MEMORY CPU PIDS | --cgroup2 FOLDER] [--ro SOURCE TARGET] [--rw SOURCE TARGET] [--symlink TEXT PATH]
 *
 * It is started in one of three ways:
 *   inside a box that somebody else made, as process 1 of its own process namespace;
 *   --own: it makes the box itself, from new namespaces and the mounts that are named;
 *   --bare: without any isolation; --tmp is then the programs' own folder on the host.
 *
 * Control: standard input brings requests, each a u32 length and that many bytes (struct request, then strings);
 * standard output takes answers (struct answer, then standard output, standard error and a message of the program).
 * Numbers have the machine's own byte order. The end of standard input ends the launcher and everything below it.
 */
#ifndef LAUNCHER_H
#define LAUNCHER_H

#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#define PROTOCOL 1u

struct request {
  uint32_t id;
  int32_t core; /* the only core of the program; -1 for any */
  int32_t home; /* the only core of the launcher meanwhile; -1 for any */
  int32_t nice; /* where allowed; a timed program gives way to nobody */
  uint32_t argc, envc; /* strings follow: name of the input, working folder, argv, environment */
  uint64_t wall_ns, cpu_ns, memory_bytes, output_bytes, file_bytes;
};

enum { TIMED_OUT = 1, OVER_MEMORY = 2, OVER_OUTPUT = 4, OVER_PROCESSES = 8, FAILED = 16 };

struct answer {
  uint32_t id;
  uint32_t flags;
  int32_t wait_status;
  uint32_t samples;
  uint64_t wall_ns, cpu_ns, peak_bytes, sampler_cpu_ns;
  double integral_byte_s;
  uint64_t out_bytes, out_sent, err_bytes, err_sent;
  uint32_t message_bytes, reserved;
};

/* What the command line said. */
struct options {
  enum { INSIDE, OWN, BARE } mode;
  uid_t uid; /* programs run as this user; 0 keeps the launcher's own */
  uint32_t processes;
  const char *tmp;
  uint64_t tmp_bytes;
  const char *inputs;
};
extern struct options options;

/* --- main.c --- */
uint64_t now_ns(void);
_Noreturn void die(const char *what);
bool read_fully(int fd, void *into, size_t bytes);

/* --- box.c: the place --- */
extern int box_out_fifo, box_err_fifo;
void box_make(int argc, char **argv); /* --own: returns in process 1 of the new box */
void box_prepare(void);               /* once, before the first program */
void box_clean(void);                 /* after each program: nothing of it is left */
uint64_t box_memory_files(void);      /* bytes held by files in memory and System V segments */
int box_open_input(const char *name);

/* --- cgroup.c: the kernel's own accounting, where the machine offers it --- */
void cgroup_open(int version, const char *memory, const char *cpu, const char *pids);
void cgroup_limit(uint64_t bytes);
uint64_t cgroup_kills(void);
uint64_t cgroup_cpu_ns(void);

/* --- filter.c: system calls that programs have no business with --- */
void filter_install(void);

/* --- tree.c: all processes of the running program --- */
struct tree {
  uint64_t bytes;       /* resident now, shared pages counted once as far as known */
  uint64_t cpu_ns;      /* seen so far, of living and vanished processes */
  uint32_t processes;
  uint64_t file_bytes;  /* files in memory that nobody has mapped */
};
void tree_open(void);
void tree_reset(void);
void tree_look(struct tree *tree, uint64_t limit_bytes);
void tree_kill(void); /* sends SIGKILL to all of them once */

/* --- divide.c: fair shares of common pages, found out on the side --- */
#define MOST_SHARES 64
struct share {
  pid_t pid;
  uint64_t own, resident; /* 0 when the process could not be looked at */
};
void divide_open(void);
bool divide_ask(const pid_t *pids, uint32_t count, bool urgent);
const struct share *divide_answer(uint32_t *count, uint64_t *at_ns); /* NULL while there is none */
void divide_done(void);

/* --- job.c: one program --- */
void job_run(const struct request *request, char *strings, size_t bytes, int control_in, int control_out);

#endif
