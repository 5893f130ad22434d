// Counting, errors, threads and the way to the engine.
#import "classes.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#import <objc/runtime.h>

NSString *MLModelErrorDomain = @"com.apple.CoreML";
volatile long deviceMask = 7;

static pthread_mutex_t countLock = PTHREAD_MUTEX_INITIALIZER;
static struct { Class class; long made, freed; } counts[64];
static long violations;
static char firstViolation[256];
static volatile long threadsRunning;
static void (*engine)(struct request *);

static void count(Class c, long made, long freed) {
  pthread_mutex_lock(&countLock);
  for (int i = 0; i < 64; i++) {
    if (counts[i].class == Nil) counts[i].class = c;
    if (counts[i].class != c) continue;
    counts[i].made += made;
    counts[i].freed += freed;
    break;
  }
  pthread_mutex_unlock(&countLock);
}

@implementation Counted
+ (id)allocWithZone:(NSZone *)z {
  count(self, 1, 0);
  return [super allocWithZone:z];
}
- (void)dealloc {
  count(object_getClass(self), 0, 1);
  [super dealloc];
}
@end

void violation(NSString *format, ...) {
  va_list list;
  va_start(list, format);
  NSString *s = [[NSString alloc] initWithFormat:format arguments:list];
  va_end(list);
  pthread_mutex_lock(&countLock);
  if (violations++ == 0) snprintf(firstViolation, sizeof firstViolation, "%s", [s UTF8String]);
  pthread_mutex_unlock(&countLock);
  [s release];
}

// ---- what tests ask, by C functions ----

void StandinSetEngine(void *f) { engine = (void (*)(struct request *))f; }
void StandinSetDevices(long mask) { deviceMask = mask; }
long StandinThreads(void) { return threadsRunning; }
long StandinMacOS(void) { return STANDIN_MACOS; }

// StandinCounts returns 0 objects made, 1 freed, 2 violations.
long StandinCounts(long which) {
  long made = 0, freed = 0;
  pthread_mutex_lock(&countLock);
  for (int i = 0; i < 64; i++) made += counts[i].made, freed += counts[i].freed;
  long v = violations;
  pthread_mutex_unlock(&countLock);
  return which == 0 ? made : which == 1 ? freed : v;
}

// StandinReport writes a line for each class with live objects and the first
// violation, and returns its length.
long StandinReport(char *to, long size) {
  long n = 0;
  to[0] = 0;
  pthread_mutex_lock(&countLock);
  for (int i = 0; i < 64 && counts[i].class; i++)
    if (counts[i].made != counts[i].freed && n < size)
      n += snprintf(to + n, size - n, "%s %ld\n", class_getName(counts[i].class), counts[i].made - counts[i].freed);
  if (violations && n < size) n += snprintf(to + n, size - n, "violation: %s\n", firstViolation);
  pthread_mutex_unlock(&countLock);
  return n < size ? n : size - 1;
}

// StandinForget clears the violations and returns how many there were.
long StandinForget(void) {
  pthread_mutex_lock(&countLock);
  long v = violations;
  violations = 0;
  pthread_mutex_unlock(&countLock);
  return v;
}

static long listMethods(Class c, const char *name, char kind, char *to, long size) {
  unsigned int k = 0;
  long n = 0;
  Method *list = class_copyMethodList(c, &k);
  for (unsigned int i = 0; i < k && n < size; i++)
    n += snprintf(to + n, size - n, "%s\t%c\t%s\t%s\n", name, kind, sel_getName(method_getName(list[i])), method_getTypeEncoding(list[i]));
  free(list);
  return n;
}

// StandinMethods writes a line for each method of the framework's classes: class,
// + or -, selector and type.
long StandinMethods(char *to, long size) {
  long n = 0;
  int k = objc_getClassList(NULL, 0);
  Class *list = calloc(k, sizeof(Class));
  k = objc_getClassList(list, k);
  for (int i = 0; i < k && n < size; i++) {
    const char *name = class_getName(list[i]);
    if (strncmp(name, "ML", 2) != 0) continue;
    n += listMethods(list[i], name, '-', to + n, size - n);
    if (n < size) n += listMethods(object_getClass((id)list[i]), name, '+', to + n, size - n);
  }
  free(list);
  return n < size ? n : size - 1;
}

// ---- errors ----

id fail(NSError **slot, NSInteger code, NSString *format, ...) {
  if (slot == NULL) return nil;
  va_list list;
  va_start(list, format);
  NSString *s = [[[NSString alloc] initWithFormat:format arguments:list] autorelease];
  va_end(list);
  NSError *cause = [NSError errorWithDomain:@"com.gocoreml.standin" code:code + 1000 userInfo:
    [NSDictionary dictionaryWithObject:@"the cause" forKey:NSLocalizedDescriptionKey]];
  *slot = [NSError errorWithDomain:MLModelErrorDomain code:code userInfo:[NSDictionary dictionaryWithObjectsAndKeys:
    s, NSLocalizedDescriptionKey, @"the stand-in says so", NSLocalizedFailureReasonErrorKey, cause, NSUnderlyingErrorKey, nil]];
  return nil;
}

void raiseInvalid(NSString *format, ...) {
  va_list list;
  va_start(list, format);
  NSString *s = [[[NSString alloc] initWithFormat:format arguments:list] autorelease];
  va_end(list);
  [[NSException exceptionWithName:NSInvalidArgumentException reason:s userInfo:nil] raise];
  abort();
}

// ---- the engine ----

BOOL ask(struct request *r, NSError **slot) {
  if (engine == NULL) {
    fail(slot, ErrorGeneric, @"the stand-in has no engine");
    return NO;
  }
  r->failed = 1; // unless the engine says otherwise
  snprintf(r->message, sizeof r->message, "the engine did not answer");
  engine(r);
  if (r->failed) {
    fail(slot, ErrorGeneric, @"%s", r->message);
    return NO;
  }
  return YES;
}

// ---- options and threads ----

long optionNumber(NSDictionary *options, NSString *key) {
  NSString *v = [options objectForKey:key];
  return v ? [v integerValue] : -1;
}

// ---- the gate ----

static pthread_mutex_t gateLock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gateOpened = PTHREAD_COND_INITIALIZER;
static long gateShut, gateWaiting;

// StandinGate shuts the gate, or opens it for all that wait at it.
void StandinGate(long shut) {
  pthread_mutex_lock(&gateLock);
  gateShut = shut;
  pthread_cond_broadcast(&gateOpened);
  pthread_mutex_unlock(&gateLock);
}

// StandinWaiting returns how many threads wait at the gate.
long StandinWaiting(void) {
  pthread_mutex_lock(&gateLock);
  long n = gateWaiting;
  pthread_mutex_unlock(&gateLock);
  return n;
}

void hold(NSDictionary *options, NSString *step) {
  long ms = optionNumber(options, [step stringByAppendingString:@"-delay"]);
  if (ms > 0) usleep((useconds_t)(ms * 1000));
  if (optionNumber(options, [step stringByAppendingString:@"-gate"]) <= 0) return;
  pthread_mutex_lock(&gateLock);
  gateWaiting++;
  while (gateShut) pthread_cond_wait(&gateOpened, &gateLock);
  gateWaiting--;
  pthread_mutex_unlock(&gateLock);
}

NSValue *bare(const void *p) { return [NSValue valueWithPointer:p]; }

struct start {
  id target;
  SEL selector;
  NSArray *arguments;
};

static void *thread(void *p) {
  struct start *s = p;
  NSAutoreleasePool *pool = [NSAutoreleasePool new];
  [s->target performSelector:s->selector withObject:s->arguments];
  [s->target release];
  [s->arguments release];
  free(s);
  [pool drain];
  __sync_fetch_and_sub(&threadsRunning, 1);
  return NULL;
}

void asynchronously(id target, SEL selector, NSArray *arguments) {
  struct start *s = calloc(1, sizeof *s);
  s->target = [target retain];
  s->selector = selector;
  s->arguments = [arguments retain];
  __sync_fetch_and_add(&threadsRunning, 1);
  pthread_t t;
  if (pthread_create(&t, NULL, thread, s) == 0) {
    pthread_detach(t);
    return;
  }
  thread(s);
}
