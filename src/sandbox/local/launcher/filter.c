/*
 * System calls that programs have no business with. Namespaces are the wall; this is what walls do not stop: acting on
 * the launcher (same user when unprivileged), leaving the given core, memory that no watch sees, kernel interfaces with
 * a history.
 */
#include "launcher.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/ioprio.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the launcher knows x86-64 and arm64"
#endif

#ifndef __NR_memfd_secret
#define __NR_memfd_secret 447
#endif

#define X32_BIT 0x40000000u
#define NEW_NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define LAUNCHER_PID 1

static const int refused[] = {
    __NR_unshare, __NR_setns, __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_ptrace,
    __NR_process_vm_readv, __NR_process_vm_writev, __NR_kcmp, __NR_keyctl, __NR_add_key, __NR_request_key, __NR_bpf,
    __NR_perf_event_open, __NR_userfaultfd, __NR_sched_setaffinity, __NR_memfd_secret, __NR_init_module,
    __NR_finit_module, __NR_delete_module, __NR_kexec_load, __NR_kexec_file_load, __NR_swapon, __NR_swapoff,
    __NR_reboot, __NR_settimeofday, __NR_clock_settime, __NR_clock_adjtime, __NR_adjtimex, __NR_acct, __NR_quotactl,
    __NR_syslog, __NR_vhangup, __NR_open_by_handle_at, __NR_name_to_handle_at, __NR_open_tree, __NR_move_mount,
    __NR_fsopen, __NR_fsconfig, __NR_fsmount, __NR_fspick, __NR_pidfd_getfd, __NR_fanotify_init,
};

/* Programs fall back to older calls when these do not exist. */
static const int absent[] = {
    __NR_clone3, __NR_memfd_create, __NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register,
};

/* Calls on a process of one's choice, with the place of the argument that names it. */
static const struct {
  int call, argument;
} on_process[] = {
    {__NR_prlimit64, 0}, {__NR_sched_setscheduler, 0}, {__NR_sched_setparam, 0}, {__NR_sched_setattr, 0},
    {__NR_setpriority, 1}, {__NR_ioprio_set, 1},
};

#define LOW_WORD(argument) (offsetof(struct seccomp_data, args) + 8 * (argument))
#define RETURN_ERROR(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

void filter_install(void) {
  struct sock_filter code[512];
  unsigned short n = 0;
#define ADD(...) code[n++] = (struct sock_filter)__VA_ARGS__
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
  ADD(RETURN_ERROR(ENOSYS));
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
#if defined(__x86_64__)
  ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
  ADD(RETURN_ERROR(ENOSYS));
#endif
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)refused[i], 0, 1));
    ADD(RETURN_ERROR(EPERM));
  }
  for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)absent[i], 0, 1));
    ADD(RETURN_ERROR(ENOSYS));
  }
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 4));
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LOW_WORD(0)));
  ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1));
  ADD(RETURN_ERROR(EPERM));
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  for (size_t i = 0; i < sizeof on_process / sizeof *on_process; i++) {
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)on_process[i].call, 0, 4));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LOW_WORD(on_process[i].argument)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LAUNCHER_PID, 0, 1));
    ADD(RETURN_ERROR(EPERM));
    /* "All of a user" reaches the launcher as well; for other calls argument 0 is a process, never mistaken. */
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
  }
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_setpriority, 0, 4));
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LOW_WORD(0)));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PRIO_USER, 0, 1));
  ADD(RETURN_ERROR(EPERM));
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_ioprio_set, 0, 3));
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LOW_WORD(0)));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IOPRIO_WHO_USER, 0, 1));
  ADD(RETURN_ERROR(EPERM));
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
#undef ADD
  struct sock_fprog program = {.len = n, .filter = code};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) die("filtering system calls");
}
