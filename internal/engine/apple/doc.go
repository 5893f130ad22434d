// Package apple runs models through CoreML.framework.
//
// A package is compiled once for each build of the operating system and kept in
// a cache that is keyed by the package's content. It is then loaded
// asynchronously, so that a caller whose context ends does not wait for it. One
// file here deals with one of Core ML's nouns: configuration, description,
// array, state, plan.
//
// # Exceptions
//
// Core ML raises an exception where it takes a call for a mistake, and an
// exception cannot be caught from Go: it ends the process. So whatever could
// raise is checked before the call: names, kinds, shapes, element types, strides
// against sizes, and that the running system has the class and the method at
// all. What is missing there gives [engine.ErrUnsupportedOS].
//
// # Ownership
//
// A Go value owns exactly one reference to its object and gives it back once.
// Results that the framework lends are used, or retained, inside the pool that
// they were made in. A model outlives its program while states of it are alive:
// copying a state takes its model. A state that another model made is copied into
// one of the model's own before a prediction, since nothing says that a state
// serves several models.
//
// # Memory
//
// Inputs lie in page-aligned memory outside of the Go heap that is used again
// from prediction to prediction. Outputs are copied out by their strides: rows
// of an array may be padded. What a caller gets is always its own.
//
// # Waiting
//
// Predictions that take long by experience are made asynchronously when the
// caller's context can end; then Predict returns at once and the state stays in
// use until the framework has finished with it. Short ones are made on the
// caller's thread, which costs less.
//
// The package is built on macOS, and on Linux for the tests that run it over a
// stand-in for the framework. macos holds tests for a real Mac, and rig the
// stand-in.
package apple
