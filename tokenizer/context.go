package tokenizer

import (
	"context"
)

// background returns ctx, or the background for none.
func background(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}
