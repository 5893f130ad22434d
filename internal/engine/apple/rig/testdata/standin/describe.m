// Descriptions of models and features, read from a compiled folder's standin.json.
#import "classes.h"
#include <limits.h>
#include <string.h>

NSString *MLModelDescriptionKey = @"MLModelDescriptionKey";
NSString *MLModelVersionStringKey = @"MLModelVersionStringKey";
NSString *MLModelAuthorKey = @"MLModelAuthorKey";
NSString *MLModelLicenseKey = @"MLModelLicenseKey";
NSString *MLModelCreatorDefinedKey = @"MLModelCreatorDefinedKey";

@implementation MLMultiArrayShapeConstraint
- (NSInteger)type { return type; }
- (NSArray *)sizeRangeForDimension { return ranges; }
- (NSArray *)enumeratedShapes { return enumerated; }
- (void)dealloc {
  [ranges release];
  [enumerated release];
  [super dealloc];
}
@end

@implementation MLMultiArrayConstraint
- (NSArray *)shape { return shape; }
- (NSInteger)dataType { return dataType; }
- (MLMultiArrayShapeConstraint *)shapeConstraint { return shapeConstraint; }
- (void)dealloc {
  [shape release];
  [shapeConstraint release];
  [super dealloc];
}
@end

#if STANDIN_MACOS >= 150
@implementation MLStateConstraint
- (NSArray *)bufferShape { return shape; }
- (NSInteger)dataType { return dataType; }
- (void)dealloc {
  [shape release];
  [super dealloc];
}
@end
#endif

@implementation MLImageSize
- (NSInteger)pixelsWide { return wide; }
- (NSInteger)pixelsHigh { return high; }
@end

@implementation MLImageSizeConstraint
- (NSInteger)type { return type; }
- (NSRange)pixelsWideRange { return wide; }
- (NSRange)pixelsHighRange { return high; }
- (NSArray *)enumeratedImageSizes { return sizes; }
- (void)dealloc {
  [sizes release];
  [super dealloc];
}
@end

@implementation MLImageConstraint
- (NSInteger)pixelsWide { return wide; }
- (NSInteger)pixelsHigh { return high; }
- (uint32_t)pixelFormatType { return format; }
- (MLImageSizeConstraint *)sizeConstraint { return size; }
- (void)dealloc {
  [size release];
  [super dealloc];
}
@end

@implementation MLDictionaryConstraint
- (NSInteger)keyType { return keyType; }
@end

// range is a pair of bounds as an NSRange; no upper bound is the largest length.
static NSRange range(NSArray *pair) {
  NSInteger lo = [[pair objectAtIndex:0] integerValue], hi = [[pair objectAtIndex:1] integerValue];
  return hi < 0 ? NSMakeRange(lo, (NSUInteger)(LONG_MAX - lo)) : NSMakeRange(lo, (NSUInteger)(hi - lo + 1));
}

static MLMultiArrayShapeConstraint *shapes(NSDictionary *f) {
  MLMultiArrayShapeConstraint *c = [MLMultiArrayShapeConstraint new];
  NSArray *list = [f objectForKey:@"ranges"], *shape = [f objectForKey:@"shape"];
  c->type = list ? 3 : [f objectForKey:@"enumerated"] ? 2 : 1;
  c->enumerated = [(c->type == 2 ? [f objectForKey:@"enumerated"] : [NSArray array]) retain];
  NSMutableArray *ranges = [NSMutableArray array];
  for (NSArray *pair in list) [ranges addObject:[NSValue valueWithRange:range(pair)]];
  if (list == nil)
    for (NSNumber *d in shape) [ranges addObject:[NSValue valueWithRange:NSMakeRange([d integerValue], 1)]];
  c->ranges = [ranges copy];
  return c;
}

static MLImageConstraint *imageOf(NSDictionary *f) {
  MLImageConstraint *c = [MLImageConstraint new];
  NSArray *shape = [f objectForKey:@"shape"], *list = [f objectForKey:@"ranges"];
  c->format = [[f objectForKey:@"pixelFormat"] unsignedIntValue];
  if ([shape count] == 4) {
    c->high = [[shape objectAtIndex:2] integerValue];
    c->wide = [[shape objectAtIndex:3] integerValue];
  }
  MLImageSizeConstraint *s = c->size = [MLImageSizeConstraint new];
  s->type = list ? 3 : [f objectForKey:@"enumerated"] ? 2 : 0;
  s->wide = NSMakeRange(c->wide, 1), s->high = NSMakeRange(c->high, 1);
  if (list) s->high = range([list objectAtIndex:2]), s->wide = range([list objectAtIndex:3]);
  NSMutableArray *sizes = [NSMutableArray array];
  for (NSArray *e in [f objectForKey:@"enumerated"]) {
    MLImageSize *one = [[MLImageSize new] autorelease];
    one->high = [[e objectAtIndex:2] integerValue], one->wide = [[e objectAtIndex:3] integerValue];
    [sizes addObject:one];
  }
  s->sizes = [sizes copy];
  return c;
}

@implementation MLFeatureDescription
- (id)initRig:(NSDictionary *)f {
  self = [super init];
  name = [[f objectForKey:@"name"] copy];
  kind = [[f objectForKey:@"kind"] integerValue];
  optional = [[f objectForKey:@"optional"] boolValue];
  NSInteger type = [[f objectForKey:@"type"] integerValue];
  if (kind == TypeMultiArray) {
    array = [MLMultiArrayConstraint new];
    array->shape = [[f objectForKey:@"shape"] copy];
    array->dataType = type;
    array->shapeConstraint = shapes(f);
  }
#if STANDIN_MACOS >= 150
  if (kind == TypeState) {
    state = [MLStateConstraint new];
    state->shape = [[f objectForKey:@"shape"] copy];
    state->dataType = type;
  }
#endif
  if (kind == TypeImage) image = imageOf(f);
  if (kind == TypeDictionary) {
    dictionary = [MLDictionaryConstraint new];
    dictionary->keyType = [[f objectForKey:@"keyType"] integerValue];
  }
  return self;
}
- (NSString *)name { return name; }
- (NSInteger)type { return kind; }
- (BOOL)isOptional { return optional; }
- (MLMultiArrayConstraint *)multiArrayConstraint { return array; }
- (MLImageConstraint *)imageConstraint { return image; }
- (MLDictionaryConstraint *)dictionaryConstraint { return dictionary; }
- (id)sequenceConstraint { return nil; }
#if STANDIN_MACOS >= 150
- (MLStateConstraint *)stateConstraint { return state; }
#endif

- (BOOL)rigAllowsShape:(MLMultiArray *)a {
  MLMultiArrayShapeConstraint *c = array->shapeConstraint;
  NSArray *s = [a shape];
  if (c->type == 2) return [c->enumerated containsObject:s];
  if ([array->shape count] == 0 && [c->ranges count] == 0) return YES; // left open
  if ([s count] != [c->ranges count]) return NO;
  for (NSUInteger i = 0; i < [s count]; i++)
    if (!NSLocationInRange([[s objectAtIndex:i] integerValue], [[c->ranges objectAtIndex:i] rangeValue])) return NO;
  return YES;
}

// rigRefuse says why a value cannot be used, or returns nil.
- (NSString *)rigRefuse:(MLFeatureValue *)v {
  if ([v isUndefined]) return optional ? nil : [NSString stringWithFormat:@"Input %@ is undefined", name];
  if ([v type] != kind) return [NSString stringWithFormat:@"Feature %@ is of type %ld, not %ld", name, (long)[v type], (long)kind];
  if (kind != TypeMultiArray) return nil;
  MLMultiArray *a = [v multiArrayValue];
  if (![self rigAllowsShape:a]) return [NSString stringWithFormat:@"MultiArray shape %@ of %@ does not match the model description", [a shape], name];
  // Core ML converts between number types; the tests want to see when it must.
  if ([a dataType] != array->dataType) violation(@"input %@ has type %lx, the model %lx", name, (long)[a dataType], (long)array->dataType);
  return nil;
}
- (BOOL)isAllowedValue:(MLFeatureValue *)v { return [self rigRefuse:v] == nil; }
- (void)dealloc {
  [name release];
  [array release];
  [state release];
  [image release];
  [dictionary release];
  [super dealloc];
}
@end

// byName makes descriptions of a list of features.
static NSDictionary *byName(NSArray *features) {
  NSMutableDictionary *d = [NSMutableDictionary dictionary];
  for (NSDictionary *f in features) {
    MLFeatureDescription *one = [[MLFeatureDescription alloc] initRig:f];
    [d setObject:one forKey:[f objectForKey:@"name"]];
    [one release];
  }
  return [d retain];
}

@implementation MLModelDescription
- (id)initRig:(NSDictionary *)c function:(NSString *)f {
  self = [super init];
  NSDictionary *one = [[c objectForKey:@"functions"] objectForKey:f], *about = [c objectForKey:@"metadata"];
  inputs = byName([one objectForKey:@"inputs"]);
  outputs = byName([one objectForKey:@"outputs"]);
  states = byName([one objectForKey:@"states"]);
  outputOrder = [[[one objectForKey:@"outputs"] valueForKey:@"name"] copy];
  labels = [[one objectForKey:@"labels"] copy];
  predicted = [[one objectForKey:@"predicted"] copy];
  probabilities = [[one objectForKey:@"probabilities"] copy];
  NSMutableDictionary *m = [NSMutableDictionary dictionary];
  struct { NSString *from, *to; } keys[] = {
    {@"description", MLModelDescriptionKey}, {@"version", MLModelVersionStringKey}, {@"author", MLModelAuthorKey},
    {@"license", MLModelLicenseKey}, {@"userDefined", MLModelCreatorDefinedKey},
  };
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if ([about objectForKey:keys[i].from]) [m setObject:[about objectForKey:keys[i].from] forKey:keys[i].to];
  metadata = [m copy];
  return self;
}
- (NSDictionary *)inputDescriptionsByName { return inputs; }
- (NSDictionary *)outputDescriptionsByName { return outputs; }
#if STANDIN_MACOS >= 150
- (NSDictionary *)stateDescriptionsByName { return states; }
#endif
- (NSDictionary *)metadata { return metadata; }
- (NSArray *)classLabels { return labels; }
- (NSString *)predictedFeatureName { return predicted; }
- (NSString *)predictedProbabilitiesName { return probabilities; }
- (BOOL)isUpdatable { return NO; }
- (NSDictionary *)parameterDescriptionsByKey { return [NSDictionary dictionary]; }
- (NSDictionary *)trainingInputDescriptionsByName { return [NSDictionary dictionary]; }
- (void)dealloc {
  [inputs release];
  [outputs release];
  [states release];
  [metadata release];
  [outputOrder release];
  [labels release];
  [predicted release];
  [probabilities release];
  [super dealloc];
}
@end
