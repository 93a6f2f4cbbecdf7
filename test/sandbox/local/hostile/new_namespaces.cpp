#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
int main() {
  int got = 0;
  if (unshare(CLONE_NEWUSER) == 0) got |= 1;
  if (unshare(CLONE_NEWNS) == 0) got |= 2;
  if (mount("none", "/tmp", "tmpfs", 0, "") == 0) got |= 4;
  if (umount2("/proc", MNT_DETACH) == 0) got |= 8;
  if (syscall(SYS_clone, CLONE_NEWUSER | 17, 0, 0, 0, 0) > 0) got |= 16;
  if (mknod("/tmp/disk", S_IFBLK | 0600, 0xfe00) == 0 && open("/tmp/disk", O_RDONLY) >= 0) got |= 32;
  if (setuid(0) == 0 && chroot("/tmp") == 0) got |= 64;
  if (open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0) got |= 128;
  if (open("/proc/sysrq-trigger", O_WRONLY) >= 0) got |= 256;
  if (sethostname("x", 1) == 0) got |= 512;
  if (got) printf("got %d\n", got);
  else puts("answer");
}
