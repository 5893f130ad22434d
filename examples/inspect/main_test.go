package main

import "context"

func Example() {
	err := run(context.Background(), []string{"../../testdata/fixtures/lora-multifunction/model.mlpackage"})
	if err != nil {
		panic(err)
	}
	// Output:
	// specification version 9, functions: base, coder, poet (default base)
	// engine portable on CPU, arithmetic faithful
	//
	// function base
	//   input  inputIds: multi-array int32 (1 x 1..128)
	//   input  causalMask: multi-array float16 (1 x 1 x 1..128 x 1..128)
	//   output logits: multi-array float16
	//   state  keyCache: state float16 (2 x 1 x 2 x 128 x 32)
	//   state  valueCache: state float16 (2 x 1 x 2 x 128 x 32)
	//   each conversation keeps 64 KiB of state
	//
	// function coder
	//   input  inputIds: multi-array int32 (1 x 1..128)
	//   input  causalMask: multi-array float16 (1 x 1 x 1..128 x 1..128)
	//   output logits: multi-array float16
	//   state  keyCache: state float16 (2 x 1 x 2 x 128 x 32)
	//   state  valueCache: state float16 (2 x 1 x 2 x 128 x 32)
	//   each conversation keeps 64 KiB of state
	//
	// function poet
	//   input  inputIds: multi-array int32 (1 x 1..128)
	//   input  causalMask: multi-array float16 (1 x 1 x 1..128 x 1..128)
	//   output logits: multi-array float16
	//   state  keyCache: state float16 (2 x 1 x 2 x 128 x 32)
	//   state  valueCache: state float16 (2 x 1 x 2 x 128 x 32)
	//   each conversation keeps 64 KiB of state
}

func Example_embedded() {
	if err := run(context.Background(), nil); err != nil {
		panic(err)
	}
	// Output:
	// specification version 9, functions: main (default main)
	// Storyteller: a 1.3-million-parameter stateful language model trained from scratch on synthetic stories
	// engine portable on CPU, arithmetic faithful
	//
	// function main
	//   input  inputIds: multi-array int32 (1 x 1..512)
	//   input  causalMask: multi-array float16 (1 x 1 x 1..512 x 1..512)
	//   output logits: multi-array float16
	//   state  keyCache: state float16 (6 x 1 x 2 x 512 x 32)
	//   state  valueCache: state float16 (6 x 1 x 2 x 512 x 32)
	//   each conversation keeps 768 KiB of state
}
