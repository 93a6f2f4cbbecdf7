/* The place where programs run: made once, cleaned after every program. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* <sys/mount.h> and <linux/mount.h> cannot be included together. */
extern int mount(const char *, const char *, const char *, unsigned long, const void *);
extern int umount2(const char *, int);
#ifndef MS_RDONLY
#define MS_RDONLY 1
#define MS_NOSUID 2
#define MS_NODEV 4
#define MS_NOEXEC 8
#define MS_REMOUNT 32
#define MS_BIND 4096
#define MS_REC 16384
#define MS_PRIVATE (1 << 18)
#define MS_SLAVE (1 << 19)
#endif
#define DETACH 2

#define PROC_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define SHM "/dev/shm"
#define FIFO_BYTES (1 << 20)
/* An inode costs about 1 KiB of the kernel's memory whatever the file holds. */
#define MOST_FILES 32768

int box_out_fifo = -1, box_err_fifo = -1;
static int tmp_fd = -1, shm_fd = -1, inputs_fd = -1;

/* --- making a box: --own --- */

static void make_folders(char *path) {
  for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
    *at = '\0';
    mkdir(path, 0755);
    *at = '/';
  }
}

static void show(const char *source, const char *target, bool writable) {
  char from[4200], to[4200];
  struct stat stat_of;
  snprintf(from, sizeof from, "/old%s", source);
  snprintf(to, sizeof to, "%s", target);
  if (stat(from, &stat_of) != 0) die(source);
  make_folders(to);
  if (S_ISDIR(stat_of.st_mode)) mkdir(to, 0755);
  else close(open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) != 0) die(source);
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_NOSUID | (writable ? 0 : MOUNT_ATTR_RDONLY)};
  /* All mounts below as well: a read-only folder with a writable one in it would not be read-only. */
  if (syscall(SYS_mount_setattr, AT_FDCWD, to, AT_RECURSIVE, &attributes, sizeof attributes) != 0) die(source);
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) die(path);
  close(fd);
}

static void enter_namespaces(void) {
  int spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (uid == 0 && unshare(spaces) == 0) return;
  if (unshare(spaces | CLONE_NEWUSER) != 0) die("making namespaces");
  char map[64];
  options.uid = 0;
  write_file("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "0 %u 1", uid);
  write_file("/proc/self/uid_map", map);
  snprintf(map, sizeof map, "0 %u 1", gid);
  write_file("/proc/self/gid_map", map);
}

void box_make(int argc, char **argv) {
  enter_namespaces();
  pid_t child = fork();
  if (child < 0) die("starting the first process of a box");
  if (child > 0) {
    int status;
    /* The control descriptors belong to the child alone: their end must be seen. */
    close(0);
    close(1);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  }
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) die("following the parent");
  (void)!sethostname("box", 3);
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) die("separating mounts");
  if (mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755") != 0) die("mounting a new root");
  if (mkdir("/tmp/old", 0755) != 0) die("making a folder for the old root");
  if (syscall(SYS_pivot_root, "/tmp", "/tmp/old") != 0 || chdir("/") != 0) die("changing the root");
  mkdir("/proc", 0755);
  mkdir("/dev", 0755);
  mkdir("/tmp", 0755);
  if (mount("proc", "/proc", "proc", PROC_FLAGS, NULL) != 0) die("mounting /proc");
  if (mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "size=1m,mode=755") != 0) die("mounting /dev");
  mkdir(SHM, 0755);
  static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) show(devices[i], devices[i], true);
  (void)!symlink("/proc/self/fd", "/dev/fd");
  (void)!symlink("/proc/self/fd/0", "/dev/stdin");
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--ro") || !strcmp(argv[i], "--rw")) {
      show(argv[i + 1], argv[i + 2], argv[i][3] == 'w');
      i += 2;
    } else if (!strcmp(argv[i], "--symlink")) {
      char path[4200];
      snprintf(path, sizeof path, "%s", argv[i + 2]);
      make_folders(path);
      if (symlink(argv[i + 1], path) != 0) die(path);
      i += 2;
    }
  }
  if (umount2("/old", DETACH) != 0 || rmdir("/old") != 0) die("leaving the old root");
}

/* --- every box --- */

static void mount_empty(const char *path, int *fd) {
  char text[96];
  snprintf(text, sizeof text, "size=%llu,nr_inodes=%d,mode=1777", (unsigned long long)options.tmp_bytes, MOST_FILES);
  if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, text) != 0) die(path);
  *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (*fd < 0) die(path);
}

static void read_only(const char *path, unsigned long flags) {
  if (mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) != 0) die(path);
}

/*
 * /dev/stdout opened by name starts at the beginning of a file, and may truncate it; on a judge's pipe it appends. A FIFO
 * that we empty into the output file behaves as programs expect.
 */
static int make_fifo(const char *path) {
  unlink(path);
  if (mkfifo(path, 0666) != 0) die(path);
  int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) die(path);
  (void)!fcntl(fd, F_SETPIPE_SZ, FIFO_BYTES);
  return fd;
}

void box_prepare(void) {
  if (options.inputs != NULL) {
    inputs_fd = open(options.inputs, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (inputs_fd < 0) die("opening the folder of inputs");
  }
  if (options.mode == BARE) return;
  if (options.inputs != NULL && umount2(options.inputs, DETACH) != 0) die("hiding the folder of inputs");
  /* Where somebody else made the box, our own file is shown in it: nobody needs it any more. */
  (void)!umount2("/launcher", DETACH);
  umask(0);
  box_out_fifo = make_fifo("/dev/stdout");
  box_err_fifo = make_fifo("/dev/stderr");
  umask(022);
  if (mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) != 0) die("/proc/sys");
  read_only("/proc/sys", PROC_FLAGS);
  /* Programs see each other, and not the launcher. It is closed to them anyway, so an old kernel may refuse. */
  (void)!mount("proc", "/proc", "proc", MS_REMOUNT | PROC_FLAGS, "hidepid=2");
  mount_empty(options.tmp, &tmp_fd);
  mount_empty(SHM, &shm_fd);
  read_only("/dev", MS_NOSUID);
  read_only("/", MS_NOSUID | MS_NODEV);
}

int box_open_input(const char *name) {
  if (*name == '\0') return open("/dev/null", O_RDONLY | O_CLOEXEC);
  return openat(inputs_fd, name, O_RDONLY | O_CLOEXEC);
}

static uint64_t used_bytes(int fd) {
  struct statfs stat;
  if (fd < 0 || fstatfs(fd, &stat) != 0) return 0;
  return (uint64_t)(stat.f_blocks - stat.f_bfree) * (uint64_t)stat.f_bsize;
}

uint64_t box_memory_files(void) {
  struct shm_info info;
  if (options.mode == BARE) return 0;
  uint64_t bytes = used_bytes(tmp_fd) + used_bytes(shm_fd);
  if (shmctl(0, SHM_INFO, (struct shmid_ds *)&info) >= 0) bytes += (uint64_t)info.shm_rss * (uint64_t)sysconf(_SC_PAGESIZE);
  return bytes;
}

/* System V objects live as long as their namespace, which is the box's. */
static void remove_segments(void) {
  union {
    struct shm_info shm;
    struct seminfo sem;
    struct msginfo msg;
  } info;
  struct shmid_ds segment;
  struct msqid_ds queue;
  int last = shmctl(0, SHM_INFO, (struct shmid_ds *)&info);
  for (int i = 0; i <= last && info.shm.used_ids > 0; i++) {
    int id = shmctl(i, SHM_STAT, &segment);
    if (id >= 0) shmctl(id, IPC_RMID, NULL);
  }
  last = semctl(0, 0, SEM_INFO, &info.sem);
  for (int i = 0; i <= last && info.sem.semusz > 0; i++) {
    struct semid_ds semaphores;
    int id = semctl(i, 0, SEM_STAT, &semaphores);
    if (id >= 0) semctl(id, 0, IPC_RMID);
  }
  last = msgctl(0, MSG_INFO, (struct msqid_ds *)&info);
  for (int i = 0; i <= last && info.msg.msgpool > 0; i++) {
    int id = msgctl(i, MSG_STAT, &queue);
    if (id >= 0) msgctl(id, IPC_RMID, NULL);
  }
}

static void empty_again(const char *path, int *fd) {
  close(*fd);
  if (umount2(path, DETACH) != 0) die(path);
  mount_empty(path, fd);
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *at) {
  (void)stat;
  if (at->level == 0) return 0;
  if (type == FTW_DNR) chmod(path, 0700);
  if (remove(path) != 0 && errno != ENOENT) die(path);
  return 0;
}

static void empty_fifo(int fd) {
  char buffer[65536];
  while (read(fd, buffer, sizeof buffer) > 0) continue;
}

void box_clean(void) {
  if (options.mode == BARE) {
    nftw(options.tmp, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    return;
  }
  empty_again(options.tmp, &tmp_fd);
  empty_again(SHM, &shm_fd);
  remove_segments();
  empty_fifo(box_out_fifo);
  empty_fifo(box_err_fifo);
}
