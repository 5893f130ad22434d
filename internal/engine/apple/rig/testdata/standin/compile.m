// Compiling: a compiled folder holds standin.json, what the engine says of the
// package, and the package itself.
#import "classes.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static __thread const char *copyFrom, *copyTo;

// copyOne links a file, or copies it where links are not possible.
static int copyOne(const char *path, const struct stat *st, int kind, struct FTW *w) {
  char to[4096];
  if (snprintf(to, sizeof to, "%s%s", copyTo, path + strlen(copyFrom)) >= (int)sizeof to) return -1;
  if (kind == FTW_D) return mkdir(to, 0700);
  if (kind != FTW_F) return 0;
  if (link(path, to) == 0) return 0;
  int in = open(path, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
  char block[65536];
  ssize_t n = -1;
  if (in >= 0 && out >= 0)
    while ((n = read(in, block, sizeof block)) > 0)
      if (write(out, block, n) != n) {
        n = -1;
        break;
      }
  if (in >= 0) close(in);
  if (out >= 0) close(out);
  return n == 0 ? 0 : -1;
}

static BOOL copyTree(NSString *from, NSString *to) {
  copyFrom = [from fileSystemRepresentation];
  copyTo = [to fileSystemRepresentation];
  return nftw(copyFrom, copyOne, 16, FTW_PHYS) == 0;
}

NSDictionary *compiled(NSString *path, NSError **e) {
  NSData *data = [NSData dataWithContentsOfFile:[path stringByAppendingPathComponent:@"standin.json"]];
  if (data == nil) return fail(e, ErrorIO, @"%@ is not a compiled model", [path lastPathComponent]);
  id d = [NSJSONSerialization JSONObjectWithData:data options:0 error:NULL];
  if (![d isKindOfClass:[NSDictionary class]]) return fail(e, ErrorIO, @"%@ has a broken standin.json", [path lastPathComponent]);
  return d;
}

// stateful says whether any function of a described package has a state.
static BOOL stateful(NSDictionary *d) {
  NSEnumerator *functions = [[d objectForKey:@"functions"] objectEnumerator];
  for (NSDictionary *f; (f = [functions nextObject]);)
    if ([[f objectForKey:@"states"] count] > 0) return YES;
  return NO;
}

// fill makes the content of a compiled folder. It returns NO when nothing should
// come out of the compilation, with or without an error.
static BOOL fill(NSString *package, NSString *to, NSError **e) {
  NSString *text = [to stringByAppendingPathComponent:@"standin.json"];
  struct request r = {.op = OpDescribe, .path = [package fileSystemRepresentation], .name = [text fileSystemRepresentation]};
  if (!ask(&r, e)) return NO;
  NSDictionary *d = compiled(to, e), *options = [d objectForKey:@"rig"];
  if (d == nil) return NO;
  hold(options, @"compile");
  long code = optionNumber(options, @"compile-error");
  if (code >= 0) fail(e, code, @"the compiler was told to fail");
  else if (STANDIN_MACOS < 150 && stateful(d)) fail(e, ErrorGeneric, @"the model needs macOS 15");
  else if (!copyTree(package, [to stringByAppendingPathComponent:@"package"])) fail(e, ErrorIO, @"%@ cannot be copied: %s", package, strerror(errno));
  else return optionNumber(options, @"compile-nil") <= 0;
  return NO;
}

// rigCompile returns the path of a new compiled folder.
NSString *rigCompile(NSString *package, NSError **e) {
  static volatile long serial;
  const char *tmp = getenv("TMPDIR");
  NSString *to = [NSString stringWithFormat:@"%s/%@_%d_%ld.mlmodelc", tmp && *tmp ? tmp : "/tmp",
    [[package lastPathComponent] stringByDeletingPathExtension], getpid(), __sync_add_and_fetch(&serial, 1)];
  if (mkdir([to fileSystemRepresentation], 0700) != 0) return fail(e, ErrorIO, @"%@: %s", to, strerror(errno));
  if (fill(package, to, e)) return to;
  [[NSFileManager defaultManager] removeItemAtPath:to error:NULL];
  return nil;
}
