#pragma once
// A stand-in for the part of CoreML.framework that the binding uses, over the GNU
// Objective-C runtime and GNUstep Base. Selectors, types and ownership are those
// of the true framework; what a model computes is asked of an engine behind a
// C function, so that real programs run through it.
#import <Foundation/Foundation.h>
#include <pthread.h>
#include <stdint.h>

// The macOS release that is played, as 10 * the version: 150 is macOS 15.0.
#ifndef STANDIN_MACOS
#define STANDIN_MACOS 260
#endif

// ---- blocks: the compiler has no ^{}, so the literal is taken apart by hand ----

struct block {
  void *isa;
  int flags, reserved;
  void (*invoke)(void *, ...);
  void *descriptor;
};

static inline void block1(id b, void *x) {
  struct block *l = (struct block *)(void *)b;
  ((void (*)(void *, void *))l->invoke)(l, x);
}
static inline void block2(id b, void *x, void *y) {
  struct block *l = (struct block *)(void *)b;
  ((void (*)(void *, void *, void *))l->invoke)(l, x, y);
}
static inline void block3(id b, void *x, void *y, void *z) {
  struct block *l = (struct block *)(void *)b;
  ((void (*)(void *, void *, void *, void *))l->invoke)(l, x, y, z);
}

// ---- what is counted ----

// Counted is the root of every class here: it counts live objects by class.
@interface Counted : NSObject
@end

// violation notes a use that the framework's documentation leaves undefined, and
// that this machine survives. Tests fail when there is one.
void violation(NSString *format, ...);

// ---- constants ----

enum {
  Float16 = 0x10000 | 16,
  Float32 = 0x10000 | 32,
  Float64 = 0x10000 | 64,
  Int32 = 0x20000 | 32,
  Int8 = 0x20000 | 8,
};
enum { TypeInt64 = 1, TypeDouble, TypeString, TypeImage, TypeMultiArray, TypeDictionary, TypeSequence, TypeState };
enum { ErrorGeneric = 0, ErrorFeatureType = 1, ErrorIO = 3, ErrorParameters = 7, ErrorCancelled = 11 };
enum { OneComponent8 = 0x4c303038, OneComponent16Half = 0x4c303068, BGRA32 = 0x42475241, ARGB32 = 0x20 };

extern NSString *MLModelErrorDomain;

static inline size_t elementSize(NSInteger dataType) { return (size_t)(dataType & 0xff) / 8; }
BOOL knownType(NSInteger dataType);

// fail fills an error slot, when there is one, and returns nil.
id fail(NSError **slot, NSInteger code, NSString *format, ...);
// raise raises NSInvalidArgumentException, as the framework does for misuse.
void raiseInvalid(NSString *format, ...) __attribute__((noreturn));

// ---- the engine behind the framework ----

enum { MaxRank = 16, MaxFeatures = 128 };

// A tensor crosses the boundary as memory with strides in elements.
struct tensor {
  const char *name;
  void *data; // NULL: absent, or not known yet
  int64_t type, rank;
  int64_t shape[MaxRank], strides[MaxRank];
};

enum { OpDescribe = 1, OpLoad, OpUnload, OpPredict, OpTake, OpDrop, OpNewState, OpFreeState, OpReadState, OpWriteState };

// A request is everything that the engine is asked and answers. OpDescribe wants
// the description of the package at path, as JSON in the file called name.
struct request {
  int64_t op;
  int64_t handle; // of a program, a state or a result
  int64_t state;  // of a state, 0 for none
  const char *path, *name;
  int64_t count; // of tensors
  struct tensor *tensors;
  // The answer.
  int64_t result;
  int64_t failed;
  char message[512];
};

// ask calls the engine. It returns NO, with the error filled, when that fails.
BOOL ask(struct request *r, NSError **slot);

// ---- knobs ----

// option reads a number or word of a model's "rig" options; -1 and nil when absent.
long optionNumber(NSDictionary *options, NSString *key);
// hold delays a step where its options say so: STEP-delay for milliseconds, and
// STEP-gate until the gate is open.
void hold(NSDictionary *options, NSString *step);
// asynchronously runs a selector of target on a new thread with a pool of its own.
void asynchronously(id target, SEL selector, NSArray *arguments);
// bare returns an object that carries a block or another bare pointer in an array.
NSValue *bare(const void *p);
// deviceMask is the set of devices of this machine: 1 CPU, 2 GPU, 4 Neural Engine.
extern volatile long deviceMask;
