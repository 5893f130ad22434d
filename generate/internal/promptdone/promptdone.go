// Package promptdone lets who asks for an answer know that its prompt is tokens: what the prompt
// was made of is needed no longer then, while the answer may have to wait for its turn.
package promptdone

import "context"

// key is that of the function in a context.
type key struct{}

// Tell returns a context under which [Signal] calls f, in the goroutine of the answer. What asks
// for several answers may have it called more than once.
func Tell(ctx context.Context, f func()) context.Context { return context.WithValue(ctx, key{}, f) }

// Signal says that the prompt of the answer under ctx is tokens.
func Signal(ctx context.Context) {
	if f, ok := ctx.Value(key{}).(func()); ok {
		f()
	}
}
