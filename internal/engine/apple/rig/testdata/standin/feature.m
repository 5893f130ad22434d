// Values, providers, options and configurations.
#import "classes.h"
#include <string.h>

static void set(id *slot, id value) {
  if (*slot == value) return;
  [*slot release];
  *slot = [value copy];
}

@implementation MLFeatureValue
+ (MLFeatureValue *)rigValue:(NSInteger)kind object:(id)o {
  MLFeatureValue *v = [[self new] autorelease];
  v->kind = kind;
  v->object = [o retain];
  return v;
}
+ (MLFeatureValue *)featureValueWithMultiArray:(MLMultiArray *)a {
  if (a == nil) raiseInvalid(@"featureValueWithMultiArray: nil");
  return [self rigValue:TypeMultiArray object:a];
}
+ (MLFeatureValue *)featureValueWithString:(NSString *)s {
  if (s == nil) raiseInvalid(@"featureValueWithString: nil");
  return [self rigValue:TypeString object:s];
}
+ (MLFeatureValue *)featureValueWithPixelBuffer:(CVPixelBufferRef)b {
  if (b == NULL) raiseInvalid(@"featureValueWithPixelBuffer: NULL");
  return [self rigValue:TypeImage object:(id)(void *)b];
}
+ (MLFeatureValue *)featureValueWithDictionary:(NSDictionary *)d error:(NSError **)e {
  NSEnumerator *values = [d objectEnumerator];
  for (id v; (v = [values nextObject]);)
    if (![v isKindOfClass:[NSNumber class]]) return fail(e, ErrorFeatureType, @"a dictionary's values are numbers");
  return [self rigValue:TypeDictionary object:d];
}
+ (MLFeatureValue *)featureValueWithSequence:(MLSequence *)s {
  if (s == nil) raiseInvalid(@"featureValueWithSequence: nil");
  return [self rigValue:TypeSequence object:s];
}
+ (MLFeatureValue *)featureValueWithInt64:(int64_t)n {
  MLFeatureValue *v = [self rigValue:TypeInt64 object:nil];
  v->integer = n;
  return v;
}
+ (MLFeatureValue *)featureValueWithDouble:(double)d {
  MLFeatureValue *v = [self rigValue:TypeDouble object:nil];
  v->number = d;
  return v;
}
+ (MLFeatureValue *)undefinedFeatureValueWithType:(NSInteger)kind {
  MLFeatureValue *v = [self rigValue:kind object:nil];
  v->undefined = YES;
  return v;
}
- (NSInteger)type { return kind; }
- (BOOL)isUndefined { return undefined; }
- (int64_t)int64Value { return integer; }
- (double)doubleValue { return number; }
- (NSString *)stringValue { return kind == TypeString ? object : @""; }
- (MLMultiArray *)multiArrayValue { return kind == TypeMultiArray ? object : nil; }
- (NSDictionary *)dictionaryValue { return kind == TypeDictionary ? object : [NSDictionary dictionary]; }
- (MLSequence *)sequenceValue { return kind == TypeSequence ? object : nil; }
- (CVPixelBufferRef)imageBufferValue { return kind == TypeImage ? (CVPixelBufferRef)(void *)object : NULL; }
- (BOOL)isEqualToFeatureValue:(MLFeatureValue *)o {
  return o != nil && o->kind == kind && o->object == object && o->integer == integer && o->number == number;
}
- (void)dealloc {
  [object release];
  [super dealloc];
}
@end

@implementation MLSequence
+ (MLSequence *)rigKind:(NSInteger)kind values:(NSArray *)a {
  MLSequence *s = [[self new] autorelease];
  s->kind = kind;
  s->values = [a copy];
  return s;
}
+ (MLSequence *)emptySequenceWithType:(NSInteger)kind { return [self rigKind:kind values:[NSArray array]]; }
+ (MLSequence *)sequenceWithInt64Array:(NSArray *)a { return [self rigKind:TypeInt64 values:a]; }
+ (MLSequence *)sequenceWithStringArray:(NSArray *)a { return [self rigKind:TypeString values:a]; }
- (NSInteger)type { return kind; }
- (NSArray *)int64Values { return kind == TypeInt64 ? values : [NSArray array]; }
- (NSArray *)stringValues { return kind == TypeString ? values : [NSArray array]; }
- (void)dealloc {
  [values release];
  [super dealloc];
}
@end

@implementation MLSequenceConstraint
- (NSRange)countRange { return range; }
- (MLFeatureDescription *)valueDescription { return value; }
- (void)dealloc {
  [value release];
  [super dealloc];
}
@end

@implementation MLDictionaryFeatureProvider
- (id)initWithDictionary:(NSDictionary *)d error:(NSError **)e {
  if (d == nil) raiseInvalid(@"initWithDictionary: nil");
  self = [super init];
  NSMutableDictionary *all = [NSMutableDictionary dictionary];
  NSEnumerator *keys = [d keyEnumerator];
  for (id k; (k = [keys nextObject]);) {
    id v = [d objectForKey:k];
    if ([v isKindOfClass:[MLMultiArray class]]) v = [MLFeatureValue featureValueWithMultiArray:v];
    if ([v isKindOfClass:[NSString class]]) v = [MLFeatureValue featureValueWithString:v];
    if (![k isKindOfClass:[NSString class]] || ![v isKindOfClass:[MLFeatureValue class]]) {
      [self release];
      return fail(e, ErrorFeatureType, @"%@ is not a feature value", k);
    }
    [all setObject:v forKey:k];
  }
  dictionary = [all copy];
  return self;
}
- (NSDictionary *)dictionary { return dictionary; }
- (NSSet *)featureNames { return [NSSet setWithArray:[dictionary allKeys]]; }
- (MLFeatureValue *)featureValueForName:(NSString *)n {
  if (n == nil) raiseInvalid(@"featureValueForName: nil");
  return [dictionary objectForKey:n];
}
- (MLFeatureValue *)objectForKeyedSubscript:(NSString *)n { return [self featureValueForName:n]; }
- (void)dealloc {
  [dictionary release];
  [super dealloc];
}
@end

@implementation MLPredictionOptions
- (NSDictionary *)outputBackings { return backings ? backings : [NSDictionary dictionary]; }
- (void)setOutputBackings:(NSDictionary *)d {
  if (d == nil) raiseInvalid(@"setOutputBackings: nil");
  set(&backings, d);
}
- (BOOL)usesCPUOnly { return cpuOnly; }
- (void)setUsesCPUOnly:(BOOL)b { cpuOnly = b; }
- (void)dealloc {
  [backings release];
  [super dealloc];
}
@end

#if STANDIN_MACOS >= 144
@implementation MLOptimizationHints
- (NSInteger)reshapeFrequency { return reshape; }
- (void)setReshapeFrequency:(NSInteger)v {
  if (v < 0 || v > 1) raiseInvalid(@"setReshapeFrequency: %ld", (long)v);
  reshape = v;
}
#if STANDIN_MACOS >= 150
- (NSInteger)specializationStrategy { return strategy; }
- (void)setSpecializationStrategy:(NSInteger)v {
  if (v < 0 || v > 1) raiseInvalid(@"setSpecializationStrategy: %ld", (long)v);
  strategy = v;
}
#endif
- (id)copyWithZone:(NSZone *)z {
  MLOptimizationHints *h = [[self class] new];
  h->reshape = reshape, h->strategy = strategy;
  return h;
}
@end
#endif

@implementation MLModelConfiguration
- (id)init {
  self = [super init];
  units = 2;
#if STANDIN_MACOS >= 144
  hints = [MLOptimizationHints new];
#endif
  parameters = [NSDictionary new];
  return self;
}
- (NSInteger)computeUnits { return units; }
- (void)setComputeUnits:(NSInteger)v {
  if (v < 0 || v > 3) raiseInvalid(@"setComputeUnits: %ld", (long)v);
  units = v;
}
- (BOOL)allowLowPrecisionAccumulationOnGPU { return lowPrecision; }
- (void)setAllowLowPrecisionAccumulationOnGPU:(BOOL)b { lowPrecision = b; }
- (NSString *)modelDisplayName { return displayName; }
- (void)setModelDisplayName:(NSString *)s { set(&displayName, s); }
- (NSDictionary *)parameters { return parameters; }
- (void)setParameters:(NSDictionary *)p { set(&parameters, p); }
- (id)preferredMetalDevice { return metal; }
- (void)setPreferredMetalDevice:(id)d {
  [d retain];
  [metal release];
  metal = d;
}
#if STANDIN_MACOS >= 144
- (MLOptimizationHints *)optimizationHints { return hints; }
- (void)setOptimizationHints:(MLOptimizationHints *)h {
  if (h == nil) raiseInvalid(@"setOptimizationHints: nil");
  set(&hints, h);
}
#endif
#if STANDIN_MACOS >= 150
- (NSString *)functionName { return function; }
- (void)setFunctionName:(NSString *)s { set(&function, s); }
#endif
- (id)copyWithZone:(NSZone *)z {
  MLModelConfiguration *c = [[self class] new];
  c->units = units, c->lowPrecision = lowPrecision;
  set(&c->displayName, displayName);
  set(&c->function, function);
  set(&c->parameters, parameters);
  set(&c->hints, hints);
  [c setPreferredMetalDevice:metal];
  return c;
}
- (void)dealloc {
  [displayName release];
  [function release];
  [hints release];
  [parameters release];
  [metal release];
  [super dealloc];
}
@end
