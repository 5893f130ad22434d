// MLState and MLModelAsset.
#import "classes.h"
#include <stdlib.h>
#include <string.h>

#if STANDIN_MACOS >= 150
@implementation MLState
- (BOOL)rigEnter:(NSString *)what {
  if (__sync_bool_compare_and_swap(&busy, 0, 1)) return YES;
  violation(@"%@ on a state that is in use", what);
  return NO;
}
- (void)rigLeave { __sync_lock_release(&busy); }

// The view lies elsewhere at every call and dies with it. What the handler writes
// goes back to the engine.
- (void)getMultiArrayForStateNamed:(NSString *)name handler:(id)handler {
  MLFeatureDescription *f = name ? [constraints objectForKey:name] : nil;
  if (f == nil || handler == nil) raiseInvalid(@"getMultiArrayForStateNamed: there is no state %@", name);
  if (optionNumber(options, @"state-silent") > 0) return;
  if (![self rigEnter:@"access to a buffer"]) return;
  NSAutoreleasePool *pool = [NSAutoreleasePool new];
  int64_t dims[MaxRank];
  NSInteger rank = [f->state->shape count];
  for (NSInteger i = 0; i < rank; i++) dims[i] = [[f->state->shape objectAtIndex:i] integerValue];
  MLMultiArray *view = [[MLMultiArray alloc] initRig:dims rank:rank type:f->state->dataType rowAlign:optionNumber(options, @"state-pad")];
  struct tensor t = {.name = [name UTF8String]};
  [view rigDescribe:&t];
  struct request r = {.op = OpReadState, .handle = handle, .name = t.name, .count = 1, .tensors = &t};
  if (ask(&r, NULL)) {
    block1(handler, view);
    r.op = OpWriteState;
    ask(&r, NULL);
  }
  if ([view retainCount] > 1) violation(@"the view of state %@ was kept", name);
  memset(view->memory, 0x7e, view->bytes);
  [view release];
  [pool drain];
  [self rigLeave];
}
- (void)dealloc {
  if (busy != 0) violation(@"a state was freed while in use");
  if (handle != 0) {
    struct request r = {.op = OpFreeState, .handle = handle};
    ask(&r, NULL);
  }
  [constraints release];
  [options release];
  [super dealloc];
}
@end
#else
// The name is needed to compile; no object is ever made.
@implementation Counted (NoState)
- (BOOL)rigEnter:(NSString *)what { return YES; }
- (void)rigLeave {}
@end
#endif

@implementation MLModelAsset
#if STANDIN_MACOS >= 150
+ (MLModelAsset *)modelAssetWithURL:(NSURL *)u error:(NSError **)e {
  if (u == nil || ![u isFileURL]) raiseInvalid(@"modelAssetWithURL: %@", u);
  if (![[NSFileManager defaultManager] fileExistsAtPath:[u path]]) return fail(e, ErrorIO, @"there is no %@", [u path]);
  MLModelAsset *a = [[self new] autorelease];
  a->path = [[u path] copy];
  return a;
}
+ (MLModelAsset *)modelAssetWithSpecificationData:(NSData *)d blobMapping:(NSDictionary *)m error:(NSError **)e {
  return fail(e, ErrorGeneric, @"assets from data are not played");
}
- (void)rigNamesThen:(NSArray *)a {
  NSError *e = nil;
  NSDictionary *d = compiled(path, &e);
  NSArray *names = [[[d objectForKey:@"functions"] allKeys] sortedArrayUsingSelector:@selector(compare:)];
  block2((id)[[a objectAtIndex:0] pointerValue], names, e);
}
- (void)functionNamesWithCompletionHandler:(id)handler {
  if (handler == nil) raiseInvalid(@"functionNamesWithCompletionHandler: nil");
  asynchronously(self, @selector(rigNamesThen:), [NSArray arrayWithObject:bare(handler)]);
}
- (void)rigDescribeThen:(NSArray *)a {
  NSError *e = nil;
  MLModelDescription *m = nil;
  NSDictionary *d = compiled(path, &e);
  NSString *name = [a objectAtIndex:0];
  if ([name length] == 0) name = [d objectForKey:@"default"];
  if (d && [[d objectForKey:@"functions"] objectForKey:name]) m = [[[MLModelDescription alloc] initRig:d function:name] autorelease];
  else if (d) fail(&e, ErrorGeneric, @"there is no function %@", name);
  block2((id)[[a objectAtIndex:1] pointerValue], m, e);
}
- (void)modelDescriptionWithCompletionHandler:(id)handler {
  if (handler == nil) raiseInvalid(@"modelDescriptionWithCompletionHandler: nil");
  asynchronously(self, @selector(rigDescribeThen:), [NSArray arrayWithObjects:@"", bare(handler), nil]);
}
- (void)modelDescriptionOfFunctionNamed:(NSString *)name completionHandler:(id)handler {
  if (name == nil || handler == nil) raiseInvalid(@"modelDescriptionOfFunctionNamed: nil argument");
  asynchronously(self, @selector(rigDescribeThen:), [NSArray arrayWithObjects:name, bare(handler), nil]);
}
#endif
+ (MLModelAsset *)modelAssetWithSpecificationData:(NSData *)d error:(NSError **)e {
  return fail(e, ErrorGeneric, @"assets from data are not played");
}
- (void)dealloc {
  [path release];
  [super dealloc];
}
@end
