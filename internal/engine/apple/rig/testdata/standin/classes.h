#pragma once
// The classes of the stand-in.
#import "standin.h"

struct __CVBuffer;
typedef struct __CVBuffer *CVPixelBufferRef;

// Buffer is what a CVPixelBufferRef points to.
@interface Buffer : Counted {
@public
  size_t width, height, rowBytes;
  uint32_t format;
  void *base;
  volatile int locks;
  BOOL surface;
}
@end

@interface MLMultiArray : Counted {
@public
  NSArray *shape, *strides;
  NSInteger type;
  void *memory;
  size_t bytes;
  struct block *deallocator;
  Buffer *pixels;
  BOOL owns;
}
- (id)initWithShape:(NSArray *)s dataType:(NSInteger)t error:(NSError **)e;
- (id)initWithPixelBuffer:(CVPixelBufferRef)b shape:(NSArray *)s;
- (id)initRig:(const int64_t *)dims rank:(NSInteger)rank type:(NSInteger)t rowAlign:(NSInteger)align;
- (void)rigDescribe:(struct tensor *)t;
- (BOOL)rigHasShape:(const int64_t *)dims rank:(NSInteger)rank;
- (NSArray *)shape;
- (NSInteger)dataType;
@end

@interface MLFeatureValue : Counted {
@public
  NSInteger kind;
  id object;
  double number;
  int64_t integer;
  BOOL undefined;
}
+ (MLFeatureValue *)featureValueWithMultiArray:(MLMultiArray *)a;
+ (MLFeatureValue *)featureValueWithString:(NSString *)s;
+ (MLFeatureValue *)featureValueWithInt64:(int64_t)v;
+ (MLFeatureValue *)featureValueWithPixelBuffer:(CVPixelBufferRef)b;
+ (MLFeatureValue *)featureValueWithDictionary:(NSDictionary *)d error:(NSError **)e;
- (NSInteger)type;
- (MLMultiArray *)multiArrayValue;
- (BOOL)isUndefined;
@end

@protocol MLFeatureProvider
- (NSSet *)featureNames;
- (MLFeatureValue *)featureValueForName:(NSString *)name;
@end

@interface MLDictionaryFeatureProvider : Counted <MLFeatureProvider> {
  NSDictionary *dictionary;
}
- (id)initWithDictionary:(NSDictionary *)d error:(NSError **)e;
@end

@interface MLPredictionOptions : Counted {
@public
  NSDictionary *backings;
  BOOL cpuOnly;
}
@end

@interface MLOptimizationHints : Counted <NSCopying> {
  NSInteger reshape, strategy;
}
@end

@interface MLModelConfiguration : Counted <NSCopying> {
@public
  NSInteger units;
  NSString *displayName, *function;
  BOOL lowPrecision;
  MLOptimizationHints *hints;
  NSDictionary *parameters;
  id metal;
}
@end

@interface MLMultiArrayShapeConstraint : Counted {
@public
  NSInteger type;
  NSArray *ranges, *enumerated;
}
@end

@interface MLMultiArrayConstraint : Counted {
@public
  NSArray *shape;
  NSInteger dataType;
  MLMultiArrayShapeConstraint *shapeConstraint;
}
@end

@interface MLStateConstraint : Counted {
@public
  NSArray *shape;
  NSInteger dataType;
}
@end

@interface MLImageSize : Counted {
@public
  NSInteger wide, high;
}
@end

@interface MLImageSizeConstraint : Counted {
@public
  NSInteger type;
  NSRange wide, high;
  NSArray *sizes;
}
@end

@interface MLImageConstraint : Counted {
@public
  NSInteger wide, high;
  uint32_t format;
  MLImageSizeConstraint *size;
}
@end

@interface MLDictionaryConstraint : Counted {
@public
  NSInteger keyType;
}
@end

@interface MLFeatureDescription : Counted {
@public
  NSString *name;
  NSInteger kind;
  BOOL optional;
  MLMultiArrayConstraint *array;
  MLStateConstraint *state;
  MLImageConstraint *image;
  MLDictionaryConstraint *dictionary;
}
- (id)initRig:(NSDictionary *)feature;
- (NSString *)rigRefuse:(MLFeatureValue *)value;
@end

@interface MLSequence : Counted {
@public
  NSInteger kind;
  NSArray *values;
}
@end

@interface MLSequenceConstraint : Counted {
@public
  NSRange range;
  MLFeatureDescription *value;
}
@end

@interface MLModelDescription : Counted {
@public
  NSDictionary *inputs, *outputs, *states, *metadata;
  NSArray *outputOrder, *labels;
  NSString *predicted, *probabilities;
}
- (id)initRig:(NSDictionary *)compiled function:(NSString *)name;
@end

@interface MLState : Counted {
@public
  int64_t handle;
  NSDictionary *constraints, *options;
  volatile int busy;
}
- (BOOL)rigEnter:(NSString *)what;
- (void)rigLeave;
@end

@interface MLModelAsset : Counted {
@public
  NSString *path;
}
@end

@interface MLModel : Counted {
@public
  MLModelConfiguration *configuration;
  MLModelDescription *description;
  NSDictionary *options;
  NSString *path;
  int64_t handle;
  volatile int busy;
  volatile long predictions;
  id kept;
}
+ (MLModel *)rigLoad:(NSString *)path configuration:(MLModelConfiguration *)c error:(NSError **)e;
@end

@interface MLModel (Predicting)
- (id)predictionFromFeatures:(id)given options:(MLPredictionOptions *)o error:(NSError **)e;
#if STANDIN_MACOS >= 150
- (id)predictionFromFeatures:(id)given usingState:(MLState *)s options:(MLPredictionOptions *)o error:(NSError **)e;
#endif
@end

@interface MLModel (Rig)
- (id)rigPredict:(id)given state:(MLState *)s options:(MLPredictionOptions *)o error:(NSError **)e;
@end

// compiled reads standin.json of a compiled folder.
NSDictionary *compiled(NSString *path, NSError **e);
