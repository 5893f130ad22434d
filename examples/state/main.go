// The program state shows what can be done with the memory of a conversation:
// one beginning is computed once, saved, and continued in two ways from copies
// of the state, without computing the beginning again.
//
//	go run ./examples/state
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/tensor"
	"github.com/gocoreml/coreml/tokenizer"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "state:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	t, err := tokenizer.LoadFS(storyteller.FS(), ".")
	if err != nil {
		return err
	}
	m, err := coreml.LoadFS(ctx, storyteller.FS(), storyteller.Package, &coreml.Config{Engine: coreml.EnginePortable})
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	begun, err := m.NewState()
	if err != nil {
		return err
	}
	defer func() { _ = begun.Close() }()

	// The beginning of every story, computed once.
	c := &conversation{m: m, t: t, st: begun}
	if err := c.feed(ctx, "Once upon a time, there was a"); err != nil {
		return err
	}

	// A saved state is a safetensors file; any writer will do.
	var file bytes.Buffer
	if err := begun.Save(&file); err != nil {
		return err
	}
	fmt.Printf("%d tokens, saved in %d KiB\n", c.past, file.Len()>>10)

	for _, hero := range []string{" little dog", " brave girl"} {
		st, err := begun.Clone()
		if err != nil {
			return err
		}
		story := &conversation{m: m, t: t, st: st, past: c.past}
		if err := story.feed(ctx, hero); err != nil {
			return err
		}
		text, err := story.tell(ctx, 12)
		if err != nil {
			return err
		}
		fmt.Printf("Once upon a time, there was a%s%s...\n", hero, text)
		if err := st.Close(); err != nil {
			return err
		}
	}

	// The file brings the beginning back, in this process or another.
	later, err := m.NewState()
	if err != nil {
		return err
	}
	defer func() { _ = later.Close() }()
	if err := later.Restore(&file); err != nil {
		return err
	}
	same, err := equal(begun, later)
	if err != nil {
		return err
	}
	fmt.Println("restored state equals the saved one:", same)
	return nil
}

// conversation is a state together with the number of tokens that it holds.
type conversation struct {
	m    *coreml.Model
	t    *tokenizer.Tokenizer
	st   *coreml.State
	past int
	next int32 // the most probable token after what was fed
}

// feed adds text to the conversation in one prediction.
func (c *conversation) feed(ctx context.Context, text string) error {
	ids, err := c.t.Encode(text, c.past == 0)
	if err != nil {
		return err
	}
	tokens := make([]int32, len(ids))
	for i, id := range ids {
		tokens[i] = int32(id)
	}
	return c.step(ctx, tokens)
}

func (c *conversation) step(ctx context.Context, tokens []int32) error {
	n := len(tokens)
	out, err := c.m.Predict(ctx, coreml.Features{
		"inputIds":   coreml.MultiArray(tensor.FromSlice(tokens, 1, n)),
		"causalMask": coreml.MultiArray(causalMask(n, c.past)),
	}, c.st, nil)
	if err != nil {
		return err
	}
	c.past += n
	// The logits of the last token say what comes next.
	last := out.Tensor("logits").Slice(tensor.At(0), tensor.At(-1))
	c.next, err = tensor.Item[int32](last.ArgMax(-1))
	return err
}

// causalMask lets n new tokens after past old ones look at themselves and at
// what lies before them.
func causalMask(n, past int) *tensor.Tensor {
	from := tensor.Arange[int32](0, int32(n), 1).Reshape(1, 1, n, 1).Add(tensor.Scalar(int32(past)))
	to := tensor.Arange[int32](0, int32(n+past), 1).Reshape(1, 1, 1, n+past)
	return tensor.Where(to.LessEqual(from), tensor.Scalar[float32](0), tensor.Scalar[float32](-65504)).To(tensor.Float16)
}

// tell continues the conversation by n tokens and returns their text.
func (c *conversation) tell(ctx context.Context, n int) (string, error) {
	var ids []int
	for range n {
		ids = append(ids, int(c.next))
		if err := c.step(ctx, []int32{c.next}); err != nil {
			return "", err
		}
	}
	return c.t.Decode(ids, true), nil
}

// equal reports whether two states hold the same numbers.
func equal(a, b *coreml.State) (bool, error) {
	for _, name := range a.Names() {
		x, err := a.Read(name)
		if err != nil {
			return false, err
		}
		y, err := b.Read(name)
		if err != nil {
			return false, err
		}
		all, err := tensor.Item[bool](x.Equal(y).All(nil, false))
		if err != nil || !all {
			return false, err
		}
	}
	return true, nil
}
