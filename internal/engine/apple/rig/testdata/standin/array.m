// MLMultiArray and pixel buffers.
#import "classes.h"
#include <stdlib.h>
#include <string.h>

BOOL knownType(NSInteger t) { return t == Float16 || t == Float32 || t == Float64 || t == Int32 || t == Int8; }

static NSArray *numbers(const int64_t *v, NSInteger n) {
  NSMutableArray *a = [NSMutableArray arrayWithCapacity:n];
  for (NSInteger i = 0; i < n; i++) [a addObject:[NSNumber numberWithInteger:v[i]]];
  return a;
}

// dimensions reads an array of numbers and returns how many there are, or -1.
static NSInteger dimensions(NSArray *a, int64_t *to) {
  NSInteger n = [a count];
  if (n > MaxRank) return -1;
  for (NSInteger i = 0; i < n; i++) {
    id v = [a objectAtIndex:i];
    if (![v isKindOfClass:[NSNumber class]]) return -1;
    to[i] = [v integerValue];
  }
  return n;
}

// ---- CVPixelBuffer ----

struct __IOSurface;

@implementation Buffer
- (void)dealloc {
  if (locks != 0) violation(@"a pixel buffer was freed while locked");
  free(base);
  [super dealloc];
}
@end

NSString *kCVPixelBufferIOSurfacePropertiesKey = @"IOSurfaceProperties";

static size_t pixelBytes(uint32_t format) {
  return format == OneComponent8 ? 1 : format == OneComponent16Half ? 2 : format == BGRA32 || format == ARGB32 ? 4 : 0;
}

int CVPixelBufferCreate(void *allocator, size_t width, size_t height, uint32_t format, NSDictionary *attributes, CVPixelBufferRef *out) {
  size_t size = pixelBytes(format);
  if (size == 0) return -6680; // kCVReturnInvalidPixelFormat
  if (width == 0 || height == 0 || width > 1 << 20 || height > 1 << 24) return -6681; // kCVReturnInvalidSize
  Buffer *b = [Buffer new];
  b->width = width, b->height = height, b->format = format;
  b->rowBytes = (width * size + 63) / 64 * 64; // surfaces have padded rows
  b->surface = [attributes objectForKey:kCVPixelBufferIOSurfacePropertiesKey] != nil;
  b->base = calloc(height, b->rowBytes);
  *out = (CVPixelBufferRef)(void *)b;
  return 0;
}
// Surfaces are not played: nothing makes one that could be given here.
int CVPixelBufferCreateWithIOSurface(void *allocator, struct __IOSurface *surface, NSDictionary *attributes, CVPixelBufferRef *out) { return -6661; }
static Buffer *of(CVPixelBufferRef b) { return (Buffer *)(void *)b; }
int CVPixelBufferLockBaseAddress(CVPixelBufferRef b, uint64_t flags) {
  __sync_fetch_and_add(&of(b)->locks, 1);
  return 0;
}
int CVPixelBufferUnlockBaseAddress(CVPixelBufferRef b, uint64_t flags) {
  if (__sync_sub_and_fetch(&of(b)->locks, 1) < 0) violation(@"a pixel buffer was unlocked too often");
  return 0;
}
void *CVPixelBufferGetBaseAddress(CVPixelBufferRef b) {
  if (of(b)->locks == 0) {
    violation(@"the address of an unlocked pixel buffer was asked for");
    return NULL;
  }
  return of(b)->base;
}
size_t CVPixelBufferGetBytesPerRow(CVPixelBufferRef b) { return of(b)->rowBytes; }
size_t CVPixelBufferGetWidth(CVPixelBufferRef b) { return of(b)->width; }
size_t CVPixelBufferGetHeight(CVPixelBufferRef b) { return of(b)->height; }
uint32_t CVPixelBufferGetPixelFormatType(CVPixelBufferRef b) { return of(b)->format; }
struct __IOSurface *CVPixelBufferGetIOSurface(CVPixelBufferRef b) { return of(b)->surface ? (struct __IOSurface *)(void *)b : NULL; }
void CFRelease(id object) { [object release]; }

// ---- MLMultiArray ----

@implementation MLMultiArray
- (id)initRig:(const int64_t *)dims rank:(NSInteger)rank type:(NSInteger)t rowAlign:(NSInteger)align {
  self = [super init];
  int64_t step[MaxRank], n = 1;
  for (NSInteger i = rank - 1; i >= 0; i--) {
    step[i] = n;
    n *= dims[i];
    if (i == rank - 1 && align > 0 && rank > 1) {
      int64_t unit = align / (int64_t)elementSize(t);
      n = (n + unit - 1) / unit * unit;
    }
  }
  shape = [numbers(dims, rank) retain];
  strides = [numbers(step, rank) retain];
  type = t;
  bytes = n * elementSize(t);
  memory = calloc(1, bytes ? bytes : 1);
  if (align > 0) memset(memory, 0x7e, bytes); // padding must not be read
  owns = YES;
  return self;
}

- (id)initWithShape:(NSArray *)s dataType:(NSInteger)t error:(NSError **)e {
  int64_t dims[MaxRank], n = 1;
  if (s == nil) raiseInvalid(@"initWithShape: the shape is nil");
  if (!knownType(t)) raiseInvalid(@"initWithShape: data type %ld", (long)t);
  NSInteger rank = dimensions(s, dims);
  for (NSInteger i = 0; i < rank; i++) n = dims[i] > 0 && n < ((int64_t)1 << 34) ? n * dims[i] : -1;
  if (rank <= 0 || n <= 0) {
    [self release];
    return fail(e, ErrorParameters, @"an array of shape %@ cannot be made", s);
  }
  return [self initRig:dims rank:rank type:t rowAlign:0];
}

#if STANDIN_MACOS >= 150
- (id)initWithShape:(NSArray *)s dataType:(NSInteger)t strides:(NSArray *)st {
  int64_t dims[MaxRank], step[MaxRank], last = 1;
  NSInteger rank = dimensions(s, dims);
  if (rank <= 0 || !knownType(t) || dimensions(st, step) != rank) raiseInvalid(@"initWithShape: shape %@, strides %@", s, st);
  for (NSInteger i = 0; i < rank; i++) last += (dims[i] - 1) * step[i];
  self = [super init];
  shape = [s copy], strides = [st copy], type = t, bytes = last * elementSize(t), owns = YES;
  memory = calloc(1, bytes);
  return self;
}

- (void)transferToMultiArray:(MLMultiArray *)to {
  struct tensor a, b;
  [self rigDescribe:&a];
  [to rigDescribe:&b];
  if (a.type != b.type || ![to rigHasShape:a.shape rank:a.rank]) raiseInvalid(@"transferToMultiArray: arrays differ");
  size_t size = elementSize(type);
  int64_t at[MaxRank] = {0};
  for (;;) {
    int64_t from = 0, into = 0;
    for (int i = 0; i < a.rank; i++) from += at[i] * a.strides[i], into += at[i] * b.strides[i];
    memcpy((char *)b.data + into * size, (char *)a.data + from * size, size);
    int i = (int)a.rank - 1;
    while (i >= 0 && ++at[i] == a.shape[i]) at[i--] = 0;
    if (i < 0) break;
  }
}
#endif

- (id)initWithDataPointer:(void *)p shape:(NSArray *)s dataType:(NSInteger)t strides:(NSArray *)st deallocator:(id)d error:(NSError **)e {
  int64_t dims[MaxRank], step[MaxRank], last = 1;
  if (p == NULL || s == nil || st == nil) raiseInvalid(@"initWithDataPointer: nil argument");
  NSInteger rank = dimensions(s, dims);
  if (rank <= 0 || !knownType(t) || dimensions(st, step) != rank) raiseInvalid(@"initWithDataPointer: shape %@, strides %@, type %ld", s, st, (long)t);
  for (NSInteger i = 0; i < rank; i++) {
    if (dims[i] <= 0 || step[i] < 0) {
      [super dealloc];
      return fail(e, ErrorParameters, @"shape %@ and strides %@ are not possible", s, st);
    }
    last += (dims[i] - 1) * step[i];
  }
  self = [super init];
  shape = [s copy], strides = [st copy], type = t, memory = p, bytes = last * elementSize(t);
  deallocator = (struct block *)(void *)d;
  return self;
}

- (id)initWithPixelBuffer:(CVPixelBufferRef)b shape:(NSArray *)s {
  int64_t dims[MaxRank], rows = 1, step[MaxRank];
  NSInteger rank = dimensions(s, dims);
  if (b == NULL || rank <= 0) raiseInvalid(@"initWithPixelBuffer: shape %@", s);
  Buffer *buffer = of(b);
  if (buffer->format != OneComponent16Half && buffer->format != OneComponent8) raiseInvalid(@"initWithPixelBuffer: pixel format %x", buffer->format);
  type = buffer->format == OneComponent16Half ? Float16 : Int8;
  for (NSInteger i = 0; i < rank - 1; i++) rows *= dims[i];
  if (dims[rank - 1] != (int64_t)buffer->width || rows != (int64_t)buffer->height)
    raiseInvalid(@"initWithPixelBuffer: shape %@ over %lu by %lu pixels", s, (unsigned long)buffer->width, (unsigned long)buffer->height);
  self = [super init];
  int64_t n = (int64_t)(buffer->rowBytes / elementSize(type));
  step[rank - 1] = 1;
  for (NSInteger i = rank - 2; i >= 0; i--) step[i] = n, n *= dims[i];
  shape = [s copy];
  strides = [numbers(step, rank) retain];
  pixels = [buffer retain];
  memory = buffer->base;
  bytes = buffer->rowBytes * buffer->height;
  return self;
}

+ (MLMultiArray *)multiArrayByConcatenatingMultiArrays:(NSArray *)list alongAxis:(NSInteger)axis dataType:(NSInteger)t {
  raiseInvalid(@"multiArrayByConcatenatingMultiArrays: is not played");
}

- (void)rigDescribe:(struct tensor *)t {
  t->data = memory;
  t->type = type;
  t->rank = dimensions(shape, t->shape);
  dimensions(strides, t->strides);
}

- (BOOL)rigHasShape:(const int64_t *)dims rank:(NSInteger)rank {
  int64_t mine[MaxRank];
  return dimensions(shape, mine) == rank && memcmp(mine, dims, rank * sizeof *mine) == 0;
}

- (NSArray *)shape { return shape; }
- (NSArray *)strides { return strides; }
- (NSInteger)dataType { return type; }
- (NSInteger)count {
  NSInteger n = 1;
  for (NSNumber *d in shape) n *= [d integerValue];
  return n;
}
- (CVPixelBufferRef)pixelBuffer { return (CVPixelBufferRef)(void *)pixels; }
- (void *)dataPointer { return memory; }

- (void)getBytesWithHandler:(id)handler {
  if (handler == nil) raiseInvalid(@"getBytesWithHandler: nil");
  block2(handler, memory, (void *)(NSInteger)bytes);
}
- (void)getMutableBytesWithHandler:(id)handler {
  if (handler == nil) raiseInvalid(@"getMutableBytesWithHandler: nil");
  block3(handler, memory, (void *)(NSInteger)bytes, strides);
}

- (NSNumber *)rigElement:(NSInteger)offset {
  char *p = (char *)memory + offset * elementSize(type);
  switch (type) {
  case Float32: return [NSNumber numberWithFloat:*(float *)p];
  case Float64: return [NSNumber numberWithDouble:*(double *)p];
  case Int32: return [NSNumber numberWithInt:*(int32_t *)p];
  case Int8: return [NSNumber numberWithInt:*(int8_t *)p];
  default: return [NSNumber numberWithInt:*(uint16_t *)p];
  }
}
- (NSNumber *)objectAtIndexedSubscript:(NSInteger)i {
  int64_t dims[MaxRank], step[MaxRank], at = 0;
  NSInteger rank = dimensions(shape, dims);
  dimensions(strides, step);
  if (i < 0 || i >= [self count]) [NSException raise:NSRangeException format:@"index %ld of %ld", (long)i, (long)[self count]];
  for (NSInteger k = rank - 1; k >= 0; k--) at += i % dims[k] * step[k], i /= dims[k];
  return [self rigElement:at];
}

- (void)dealloc {
  if (deallocator) block1((id)(void *)deallocator, memory);
  if (owns) free(memory);
  [pixels release];
  [shape release];
  [strides release];
  [super dealloc];
}
@end
