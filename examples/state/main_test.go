package main

import "context"

func Example() {
	if err := run(context.Background()); err != nil {
		panic(err)
	}
	// Output:
	// 9 tokens, saved in 768 KiB
	// Once upon a time, there was a little dog named Tom who lived near an old garden. He wanted to...
	// Once upon a time, there was a brave girl. Every day she played with her golden map. One afternoon...
	// restored state equals the saved one: true
}
