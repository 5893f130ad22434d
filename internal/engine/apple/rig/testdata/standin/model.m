// MLModel: loading and predicting.
#import "classes.h"
#include <stdlib.h>
#include <string.h>

NSString *rigCompile(NSString *package, NSError **e);

// path checks a file URL.
static NSString *pathOf(NSURL *u, NSString *who) {
  if (u == nil) raiseInvalid(@"%@: the URL is nil", who);
  if (![u isFileURL]) raiseInvalid(@"%@: %@ is not a file", who, u);
  return [u path];
}

@implementation MLModel
+ (MLModel *)rigLoad:(NSString *)path configuration:(MLModelConfiguration *)c error:(NSError **)e {
  NSDictionary *d = compiled(path, e);
  if (d == nil) return nil;
  NSDictionary *options = [d objectForKey:@"rig"];
  hold(options, @"load");
  if (optionNumber(options, @"load-error") >= 0) return fail(e, optionNumber(options, @"load-error"), @"loading was told to fail");
  if (optionNumber(options, @"load-nil") > 0) return nil;
  NSString *name = c ? c->function : nil;
  if (name == nil) name = [d objectForKey:@"default"];
  if ([[d objectForKey:@"functions"] objectForKey:name] == nil) return fail(e, ErrorGeneric, @"there is no function %@", name);
  struct request r = {.op = OpLoad, .path = [[path stringByAppendingPathComponent:@"package"] fileSystemRepresentation], .name = [name UTF8String]};
  if (!ask(&r, e)) return nil;
  MLModel *m = [[self new] autorelease];
  m->handle = r.result;
  m->path = [path copy];
  m->options = [options retain];
  m->configuration = c ? [c copy] : [MLModelConfiguration new];
  m->description = [[MLModelDescription alloc] initRig:d function:name];
  return m;
}

+ (NSURL *)compileModelAtURL:(NSURL *)u error:(NSError **)e {
  NSString *to = rigCompile(pathOf(u, @"compileModelAtURL"), e);
  return to ? [NSURL fileURLWithPath:to isDirectory:YES] : nil;
}
+ (void)rigCompileThen:(NSArray *)a {
  NSError *e = nil;
  NSURL *u = [self compileModelAtURL:[a objectAtIndex:0] error:&e];
  block2((id)[[a objectAtIndex:1] pointerValue], u, e);
}
+ (void)compileModelAtURL:(NSURL *)u completionHandler:(id)handler {
  pathOf(u, @"compileModelAtURL");
  if (handler == nil) raiseInvalid(@"compileModelAtURL: no handler");
  asynchronously(self, @selector(rigCompileThen:), [NSArray arrayWithObjects:u, bare(handler), nil]);
}

+ (MLModel *)modelWithContentsOfURL:(NSURL *)u configuration:(MLModelConfiguration *)c error:(NSError **)e {
  if (c == nil) raiseInvalid(@"modelWithContentsOfURL: no configuration");
  return [self rigLoad:pathOf(u, @"modelWithContentsOfURL") configuration:c error:e];
}
+ (MLModel *)modelWithContentsOfURL:(NSURL *)u error:(NSError **)e {
  return [self rigLoad:pathOf(u, @"modelWithContentsOfURL") configuration:nil error:e];
}
+ (void)rigLoadThen:(NSArray *)a {
  NSError *e = nil;
  MLModel *m = [self rigLoad:[a objectAtIndex:0] configuration:[a objectAtIndex:1] error:&e];
  block2((id)[[a objectAtIndex:2] pointerValue], m, e);
}
+ (void)loadContentsOfURL:(NSURL *)u configuration:(MLModelConfiguration *)c completionHandler:(id)handler {
  if (c == nil || handler == nil) raiseInvalid(@"loadContentsOfURL: nil argument");
  NSString *path = pathOf(u, @"loadContentsOfURL");
  asynchronously(self, @selector(rigLoadThen:), [NSArray arrayWithObjects:path, [[c copy] autorelease], bare(handler), nil]);
}
+ (void)loadModelAsset:(MLModelAsset *)asset configuration:(MLModelConfiguration *)c completionHandler:(id)handler {
  if (asset == nil || c == nil || handler == nil) raiseInvalid(@"loadModelAsset: nil argument");
  asynchronously(self, @selector(rigLoadThen:), [NSArray arrayWithObjects:asset->path, [[c copy] autorelease], bare(handler), nil]);
}

- (MLModelConfiguration *)configuration { return configuration; }
- (MLModelDescription *)modelDescription { return optionNumber(options, @"description-nil") > 0 ? nil : description; }
- (id)parameterValueForKey:(id)key error:(NSError **)e { return fail(e, ErrorParameters, @"there are no parameters"); }

#if STANDIN_MACOS >= 150
- (MLState *)newState {
  struct request r = {.op = OpNewState, .handle = handle};
  if (optionNumber(options, @"state-nil") > 0 || !ask(&r, NULL)) return nil;
  MLState *s = [MLState new];
  s->handle = r.result;
  s->constraints = [description->states retain];
  s->options = [options retain];
  return s;
}
- (id)predictionFromFeatures:(id)given usingState:(MLState *)s error:(NSError **)e {
  return [self predictionFromFeatures:given usingState:s options:nil error:e];
}
- (id)predictionFromFeatures:(id)given usingState:(MLState *)s options:(MLPredictionOptions *)o error:(NSError **)e {
  if (s == nil) raiseInvalid(@"predictionFromFeatures:usingState: the state is nil");
  return [self rigPredict:given state:s options:o error:e];
}
- (void)predictionFromFeatures:(id)given usingState:(MLState *)s options:(MLPredictionOptions *)o completionHandler:(id)handler {
  if (given == nil || s == nil || o == nil || handler == nil) raiseInvalid(@"predictionFromFeatures:usingState: nil argument");
  asynchronously(self, @selector(rigPredictThen:), [NSArray arrayWithObjects:given, s, o, bare(handler), nil]);
}
#endif

- (id)predictionFromFeatures:(id)given error:(NSError **)e { return [self predictionFromFeatures:given options:nil error:e]; }
- (id)predictionFromFeatures:(id)given options:(MLPredictionOptions *)o error:(NSError **)e {
  if ([description->states count] > 0) return fail(e, ErrorGeneric, @"the model has states, and none was given");
  return [self rigPredict:given state:nil options:o error:e];
}
- (void)rigPredictThen:(NSArray *)a {
  NSError *e = nil;
  id s = [a objectAtIndex:1], o = [a objectAtIndex:2];
  if (s == [NSNull null]) s = nil;
  id out = s == nil && [description->states count] > 0
    ? fail(&e, ErrorGeneric, @"the model has states, and none was given")
    : [self rigPredict:[a objectAtIndex:0] state:s options:o == [NSNull null] ? nil : o error:&e];
  block2((id)[[a objectAtIndex:3] pointerValue], out, e);
}
- (void)predictionFromFeatures:(id)given completionHandler:(id)handler {
  if (given == nil || handler == nil) raiseInvalid(@"predictionFromFeatures: nil argument");
  asynchronously(self, @selector(rigPredictThen:), [NSArray arrayWithObjects:given, [NSNull null], [NSNull null], bare(handler), nil]);
}
- (void)predictionFromFeatures:(id)given options:(MLPredictionOptions *)o completionHandler:(id)handler {
  if (given == nil || o == nil || handler == nil) raiseInvalid(@"predictionFromFeatures: nil argument");
  asynchronously(self, @selector(rigPredictThen:), [NSArray arrayWithObjects:given, [NSNull null], o, bare(handler), nil]);
}

+ (NSArray *)availableComputeDevices {
  extern NSArray *MLAllComputeDevices(void);
  return MLAllComputeDevices();
}

- (void)dealloc {
  if (busy != 0) violation(@"a model was freed during a prediction");
  if (handle != 0) {
    struct request r = {.op = OpUnload, .handle = handle};
    ask(&r, NULL);
  }
  [kept release];
  [configuration release];
  [description release];
  [options release];
  [path release];
  [super dealloc];
}
@end
