// Devices, the structure of a program and the compute plan.
#import "classes.h"

@interface Device : Counted
@end
@implementation Device
@end

@interface MLCPUComputeDevice : Device
@end
@interface MLGPUComputeDevice : Device
@end
@interface MLNeuralEngineComputeDevice : Device
@end
@implementation MLCPUComputeDevice
@end
@implementation MLGPUComputeDevice
- (id)metalDevice { return nil; }
@end
@implementation MLNeuralEngineComputeDevice
- (NSInteger)totalCoreCount { return 16; }
@end

NSArray *MLAllComputeDevices(void) {
  NSMutableArray *a = [NSMutableArray array];
  Class classes[] = {[MLCPUComputeDevice class], [MLGPUComputeDevice class], [MLNeuralEngineComputeDevice class]};
  for (int i = 0; i < 3; i++)
    if (deviceMask & 1 << i) [a addObject:[[classes[i] new] autorelease]];
  return a;
}

#if STANDIN_MACOS >= 144

// Node is every object of a structure: it answers from a dictionary.
@interface Node : Counted {
@public
  NSDictionary *is;
}
+ (id)rigNode:(NSDictionary *)d;
@end
@implementation Node
+ (id)rigNode:(NSDictionary *)d {
  Node *n = [[self new] autorelease];
  n->is = [d retain];
  return n;
}
- (void)dealloc {
  [is release];
  [super dealloc];
}
@end

#define NODE(name)         \
  @interface name : Node   \
  @end                     \
  @implementation name
#define GETS(key) \
  -(id)key { return [is objectForKey:@ #key]; }

NODE(MLModelStructureProgramValueType)
@end
NODE(MLModelStructureProgramValue)
@end
NODE(MLModelStructureProgramNamedValueType)
GETS(name)
GETS(type)
@end
NODE(MLModelStructureProgramBinding)
GETS(name)
GETS(value)
@end
NODE(MLModelStructureProgramArgument)
GETS(bindings)
@end
NODE(MLModelStructureProgramOperation)
GETS(operatorName)
GETS(inputs)
GETS(outputs)
GETS(blocks)
@end
NODE(MLModelStructureProgramBlock)
GETS(inputs)
GETS(operations)
GETS(outputNames)
@end
NODE(MLModelStructureProgramFunction)
GETS(inputs)
GETS(block)
@end
NODE(MLModelStructureProgram)
GETS(functions)
@end

NODE(MLModelStructureNeuralNetworkLayer)
GETS(name)
GETS(type)
GETS(inputNames)
GETS(outputNames)
@end
NODE(MLModelStructureNeuralNetwork)
GETS(layers)
@end
NODE(MLModelStructurePipeline)
GETS(subModelNames)
GETS(subModels)
@end

static NSArray *namedValues(NSArray *names) {
  NSMutableArray *a = [NSMutableArray array];
  id type = [MLModelStructureProgramValueType rigNode:nil];
  for (NSString *n in names)
    [a addObject:[MLModelStructureProgramNamedValueType rigNode:[NSDictionary dictionaryWithObjectsAndKeys:n, @"name", type, @"type", nil]]];
  return a;
}

static id blockOf(NSDictionary *d);

static id operation(NSDictionary *d) {
  NSMutableDictionary *inputs = [NSMutableDictionary dictionary];
  for (NSString *name in [d objectForKey:@"inputs"]) {
    NSMutableArray *bindings = [NSMutableArray array];
    for (NSString *from in [[d objectForKey:@"inputs"] objectForKey:name])
      [bindings addObject:[MLModelStructureProgramBinding rigNode:[NSDictionary dictionaryWithObject:from forKey:@"name"]]];
    [inputs setObject:[MLModelStructureProgramArgument rigNode:[NSDictionary dictionaryWithObject:bindings forKey:@"bindings"]] forKey:name];
  }
  NSMutableArray *blocks = [NSMutableArray array];
  for (NSDictionary *b in [d objectForKey:@"blocks"]) [blocks addObject:blockOf(b)];
  return [MLModelStructureProgramOperation rigNode:[NSDictionary dictionaryWithObjectsAndKeys:
    [d objectForKey:@"op"], @"operatorName", inputs, @"inputs", namedValues([d objectForKey:@"outputs"]), @"outputs", blocks, @"blocks", nil]];
}

static id blockOf(NSDictionary *d) {
  NSMutableArray *operations = [NSMutableArray array];
  for (NSDictionary *o in [d objectForKey:@"operations"]) [operations addObject:operation(o)];
  return [MLModelStructureProgramBlock rigNode:[NSDictionary dictionaryWithObjectsAndKeys:
    operations, @"operations", [NSArray array], @"inputs", [NSArray array], @"outputNames", nil]];
}

@interface MLModelStructure : Node
@end
@implementation MLModelStructure
+ (MLModelStructure *)rigOf:(NSString *)path error:(NSError **)e {
  NSDictionary *d = compiled(path, e), *all = [d objectForKey:@"functions"];
  if (d == nil) return nil;
  NSMutableDictionary *functions = [NSMutableDictionary dictionary];
  for (NSString *name in all) {
    NSDictionary *f = [all objectForKey:name];
    [functions setObject:[MLModelStructureProgramFunction rigNode:[NSDictionary dictionaryWithObjectsAndKeys:
      blockOf(f), @"block", namedValues([[f objectForKey:@"inputs"] valueForKey:@"name"]), @"inputs", nil]] forKey:name];
  }
  id program = [MLModelStructureProgram rigNode:[NSDictionary dictionaryWithObject:functions forKey:@"functions"]];
  return [self rigNode:[NSDictionary dictionaryWithObject:program forKey:@"program"]];
}
- (MLModelStructureProgram *)program { return [is objectForKey:@"program"]; }
- (id)neuralNetwork { return nil; }
- (id)pipeline { return nil; }
+ (void)rigLoadThen:(NSArray *)a {
  NSError *e = nil;
  id s = [self rigOf:[a objectAtIndex:0] error:&e];
  block2((id)[[a objectAtIndex:1] pointerValue], s, e);
}
+ (void)loadContentsOfURL:(NSURL *)u completionHandler:(id)handler {
  if (u == nil || handler == nil) raiseInvalid(@"loadContentsOfURL: nil argument");
  asynchronously(self, @selector(rigLoadThen:), [NSArray arrayWithObjects:[u path], bare(handler), nil]);
}
+ (void)loadModelAsset:(MLModelAsset *)m completionHandler:(id)handler {
  if (m == nil || handler == nil) raiseInvalid(@"loadModelAsset: nil argument");
  asynchronously(self, @selector(rigLoadThen:), [NSArray arrayWithObjects:m->path, bare(handler), nil]);
}
@end

@interface MLComputePlanDeviceUsage : Counted {
@public
  id preferred;
  NSArray *supported;
}
@end
@implementation MLComputePlanDeviceUsage
- (id)preferredComputeDevice { return preferred; }
- (NSArray *)supportedComputeDevices { return supported; }
- (void)dealloc {
  [preferred release];
  [supported release];
  [super dealloc];
}
@end

@interface MLComputePlanCost : Counted {
@public
  double weight;
}
@end
@implementation MLComputePlanCost
- (double)weight { return weight; }
@end

@interface MLComputePlan : Counted {
@public
  MLModelStructure *structure;
  NSInteger units;
}
@end
@implementation MLComputePlan
+ (void)rigLoadThen:(NSArray *)a {
  NSError *e = nil;
  MLComputePlan *p = nil;
  id s = [MLModelStructure rigOf:[a objectAtIndex:0] error:&e];
  if (s) {
    p = [[self new] autorelease];
    p->structure = [s retain];
    p->units = ((MLModelConfiguration *)[a objectAtIndex:1])->units;
  }
  block2((id)[[a objectAtIndex:2] pointerValue], p, e);
}
+ (void)loadContentsOfURL:(NSURL *)u configuration:(MLModelConfiguration *)c completionHandler:(id)handler {
  if (u == nil || c == nil || handler == nil) raiseInvalid(@"loadContentsOfURL: nil argument");
  asynchronously(self, @selector(rigLoadThen:), [NSArray arrayWithObjects:[u path], c, bare(handler), nil]);
}
+ (void)loadModelAsset:(MLModelAsset *)m configuration:(MLModelConfiguration *)c completionHandler:(id)handler {
  if (m == nil || c == nil || handler == nil) raiseInvalid(@"loadModelAsset: nil argument");
  asynchronously(self, @selector(rigLoadThen:), [NSArray arrayWithObjects:m->path, c, bare(handler), nil]);
}
- (MLModelStructure *)modelStructure { return structure; }

// Constants have neither a device nor a cost, as in the true framework. What
// multiplies runs on the fastest device that is allowed, the rest on the CPU.
- (BOOL)rigConstant:(Node *)o {
  if (o == nil) raiseInvalid(@"the operation is nil");
  return [[o->is objectForKey:@"operatorName"] hasSuffix:@"const"];
}
- (MLComputePlanDeviceUsage *)computeDeviceUsageForMLProgramOperation:(Node *)o {
  if ([self rigConstant:o]) return nil;
  NSString *name = [o->is objectForKey:@"operatorName"];
  BOOL heavy = [name hasSuffix:@"linear"] || [name hasSuffix:@"matmul"] || [name hasSuffix:@"conv"];
  long allowed = units == 0 ? 1 : units == 1 ? 3 : units == 3 ? 5 : 7;
  NSMutableArray *devices = [NSMutableArray array];
  Class classes[] = {[MLCPUComputeDevice class], [MLGPUComputeDevice class], [MLNeuralEngineComputeDevice class]};
  for (int i = 0; i < 3; i++)
    if (deviceMask & allowed & 1 << i) [devices addObject:[[classes[i] new] autorelease]];
  MLComputePlanDeviceUsage *u = [[MLComputePlanDeviceUsage new] autorelease];
  u->preferred = [(heavy ? [devices lastObject] : [devices objectAtIndex:0]) retain];
  u->supported = [devices retain];
  return u;
}
- (MLComputePlanCost *)estimatedCostOfMLProgramOperation:(Node *)o {
  if ([self rigConstant:o]) return nil;
  MLComputePlanCost *c = [[MLComputePlanCost new] autorelease];
  c->weight = 0.125;
  return c;
}
- (id)computeDeviceUsageForNeuralNetworkLayer:(id)layer { return nil; }
- (void)dealloc {
  [structure release];
  [super dealloc];
}
@end
#endif
