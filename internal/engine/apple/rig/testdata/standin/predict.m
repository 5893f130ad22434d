// One prediction: inputs are checked and handed to the engine, its results come
// back in arrays of the kind that the model's options ask for.
#import "classes.h"
#include <stdlib.h>
#include <string.h>

enum { Int64Index = 0x20000 | 64 };

int CVPixelBufferCreate(void *, size_t, size_t, uint32_t, NSDictionary *, CVPixelBufferRef *);

// pixelsOf describes a buffer's memory: [height, width] in bytes.
static void pixelsOf(Buffer *b, struct tensor *t) {
  t->type = b->format, t->rank = 2, t->data = b->base;
  t->shape[0] = b->height, t->shape[1] = b->width;
  t->strides[0] = b->rowBytes, t->strides[1] = b->format == OneComponent8 ? 1 : b->format == OneComponent16Half ? 2 : 4;
}

@implementation MLModel (Rig)

// gather checks the inputs and describes their memory.
- (BOOL)rigGather:(id)given to:(struct tensor *)t count:(int64_t *)n error:(NSError **)e {
  NSEnumerator *all = [description->inputs objectEnumerator];
  for (MLFeatureDescription *f; (f = [all nextObject]);) {
    MLFeatureValue *v = [given featureValueForName:f->name];
    if (v == nil || [v isUndefined]) {
      if (f->optional) continue;
      fail(e, ErrorFeatureType, @"Required input feature not passed: %@", f->name);
      return NO;
    }
    NSString *why = [f rigRefuse:v];
    if (why != nil) {
      fail(e, ErrorFeatureType, @"%@", why);
      return NO;
    }
    if (*n == MaxFeatures) {
      fail(e, ErrorGeneric, @"too many inputs");
      return NO;
    }
    struct tensor *to = &t[(*n)++];
    to->name = [f->name UTF8String];
    if (f->kind == TypeMultiArray) [[v multiArrayValue] rigDescribe:to];
    else if (f->kind == TypeImage) pixelsOf(v->object, to);
    else {
      fail(e, ErrorFeatureType, @"inputs of type %ld are not played", (long)f->kind);
      return NO;
    }
  }
  return YES;
}

// rigArray makes the array of one output, or takes the caller's.
- (MLMultiArray *)rigArray:(NSString *)name like:(struct tensor *)t backing:(id)b error:(NSError **)e {
  if (optionNumber(options, @"backing-ignore") > 0) b = nil;
  if (b != nil && [b isKindOfClass:[Buffer class]]) {
    NSMutableArray *s = [NSMutableArray array];
    for (int64_t i = 0; i < t->rank; i++) [s addObject:[NSNumber numberWithInteger:t->shape[i]]];
    return [[[MLMultiArray alloc] initWithPixelBuffer:(CVPixelBufferRef)(void *)b shape:s] autorelease];
  }
  if (b != nil) {
    if (![b isKindOfClass:[MLMultiArray class]] || ![b rigHasShape:t->shape rank:t->rank] || [b dataType] != t->type)
      return fail(e, ErrorFeatureType, @"the backing of output %@ does not fit", name);
    return b;
  }
  int64_t rows = 1;
  for (int64_t i = 0; i < t->rank - 1; i++) rows *= t->shape[i];
  CVPixelBufferRef pixels = NULL;
  if (optionNumber(options, @"pixels") > 0 && t->type == Float16 && t->rank > 0 && rows > 0 &&
      CVPixelBufferCreate(NULL, t->shape[t->rank - 1], rows, OneComponent16Half, nil, &pixels) == 0) {
    MLMultiArray *a = [self rigArray:name like:t backing:(id)(void *)pixels error:e];
    [(id)(void *)pixels release];
    return a;
  }
  return [[[MLMultiArray alloc] initRig:t->shape rank:t->rank type:t->type rowAlign:optionNumber(options, @"pad")] autorelease];
}

// rigLabels makes a value of a classifier's output, held as plain numbers.
- (MLFeatureValue *)rigLabels:(MLFeatureDescription *)f from:(struct tensor *)t {
  NSArray *labels = description->labels;
  if (f->kind == TypeDictionary) {
    NSMutableDictionary *d = [NSMutableDictionary dictionary];
    for (int64_t i = 0; i < t->shape[t->rank - 1] && i < (int64_t)[labels count]; i++)
      [d setObject:[NSNumber numberWithDouble:((double *)t->data)[i]] forKey:[labels objectAtIndex:i]];
    return [MLFeatureValue featureValueWithDictionary:d error:NULL];
  }
  int64_t at = *(int64_t *)t->data;
  id label = at >= 0 && at < (int64_t)[labels count] ? [labels objectAtIndex:at] : nil;
  if (f->kind == TypeInt64) return [MLFeatureValue featureValueWithInt64:label ? [label longLongValue] : at];
  return [MLFeatureValue featureValueWithString:label ? label : @""];
}

// rigTake fetches the results of a prediction. The engine forgets them.
- (id)rigTake:(struct request *)r options:(MLPredictionOptions *)o error:(NSError **)e {
  struct tensor *t = r->tensors;
  NSMutableDictionary *values = [NSMutableDictionary dictionary], *loose = [NSMutableDictionary dictionary];
  long forced = optionNumber(options, @"output-type");
  struct request drop = {.op = OpDrop, .handle = r->result};
  for (int64_t i = 0; i < r->count; i++) {
    NSString *name = [description->outputOrder objectAtIndex:i];
    MLFeatureDescription *f = [description->outputs objectForKey:name];
    if (f->kind == TypeMultiArray) {
      if (forced > 0 && (t[i].type == Float16 || t[i].type == Float32)) t[i].type = forced;
      MLMultiArray *a = [self rigArray:name like:&t[i] backing:o ? [o->backings objectForKey:name] : nil error:e];
      if (a == nil) {
        ask(&drop, NULL);
        return nil;
      }
      [a rigDescribe:&t[i]];
      [values setObject:[MLFeatureValue featureValueWithMultiArray:a] forKey:name];
    } else if (f->kind == TypeImage) {
      CVPixelBufferRef b = NULL;
      CVPixelBufferCreate(NULL, t[i].shape[t[i].rank - 1], t[i].shape[t[i].rank - 2], f->image->format, nil, &b);
      pixelsOf((Buffer *)(void *)b, &t[i]);
      [values setObject:[MLFeatureValue featureValueWithPixelBuffer:b] forKey:name];
      [(id)(void *)b release];
    } else {
      int64_t n = 1;
      for (int64_t k = t[i].rank - 1; k >= 0; k--) t[i].strides[k] = n, n *= t[i].shape[k];
      t[i].type = f->kind == TypeDictionary ? Float64 : Int64Index;
      NSMutableData *d = [NSMutableData dataWithLength:n * 8];
      t[i].data = [d mutableBytes];
      [loose setObject:d forKey:name];
    }
  }
  struct request take = {.op = OpTake, .handle = r->result, .count = r->count, .tensors = t};
  if (!ask(&take, e)) return nil;
  for (int64_t i = 0; i < r->count; i++) {
    NSString *name = [description->outputOrder objectAtIndex:i];
    if ([loose objectForKey:name])
      [values setObject:[self rigLabels:[description->outputs objectForKey:name] from:&t[i]] forKey:name];
  }
  NSString *without = [options objectForKey:@"output-missing"];
  if (without) [values removeObjectForKey:without];
  return [[[MLDictionaryFeatureProvider alloc] initWithDictionary:values error:e] autorelease];
}

- (id)rigRun:(id)given state:(MLState *)s options:(MLPredictionOptions *)o error:(NSError **)e {
  struct tensor *t = calloc(MaxFeatures, sizeof *t);
  struct request r = {.op = OpPredict, .handle = handle, .state = s ? s->handle : 0, .tensors = t};
  id out = nil;
  if ([self rigGather:given to:t count:&r.count error:e] && ask(&r, e)) out = [self rigTake:&r options:o error:e];
  free(t);
  return out;
}

- (id)rigPredict:(id)given state:(MLState *)s options:(MLPredictionOptions *)o error:(NSError **)e {
  if (given == nil) raiseInvalid(@"predictionFromFeatures: the features are nil");
  long turn = __sync_add_and_fetch(&predictions, 1);
  long at = optionNumber(options, @"predict-error-at"), code = optionNumber(options, @"predict-error");
  if (code >= 0 && (at < 0 || at == turn)) return fail(e, code, @"the prediction was told to fail");
  if (optionNumber(options, @"predict-nil") > 0) return nil;
  if (s != nil && ![s rigEnter:@"a prediction"]) return fail(e, ErrorGeneric, @"the state is in use");
  __sync_fetch_and_add(&busy, 1);
  hold(options, @"predict");
  id out = [self rigRun:given state:s options:o error:e];
  __sync_fetch_and_sub(&busy, 1);
  [s rigLeave];
  if (optionNumber(options, @"keep-inputs") > 0) [__sync_lock_test_and_set(&kept, [given retain]) release];
  return out;
}
@end
