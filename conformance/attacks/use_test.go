//go:build linux

package attacks_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

const states = 4

// teller opens the embedded model with few states.
func teller(ctx context.Context) (*generate.Generator, error) {
	return generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, &generate.Config{MaxStates: states})
}

// answers says whether the generator still answers.
func answers(ctx context.Context, g *generate.Generator) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for range states + 1 {
		if _, err := g.Generate(ctx, "Once upon a time", &generate.Options{MaxTokens: 4}); err != nil {
			return fmt.Errorf("afterwards: %w", err)
		}
	}
	return g.Close()
}

type processorFunc func(ids []int, logits []float32) error

func (f processorFunc) Process(ids []int, logits []float32) error { return f(ids, logits) }

// slots loses the goroutine of an answer in ways that Go allows, as often as
// there are states.
func slots() []*attack {
	ways := map[string]func(){"panic": func() { panic("of the caller") }, "Goexit": runtime.Goexit}
	places := map[string]func(ctx context.Context, g *generate.Generator, leave func()){
		"the loop": func(ctx context.Context, g *generate.Generator, leave func()) {
			for range g.Stream(ctx, "Once", nil) {
				leave()
			}
		},
		"a processor": func(ctx context.Context, g *generate.Generator, leave func()) {
			opts := &generate.Options{Processors: []generate.Processor{processorFunc(func([]int, []float32) error {
				leave()
				return nil
			})}}
			_, _ = g.Generate(ctx, "Once", opts)
		},
		"a visit of rows": func(ctx context.Context, g *generate.Generator, leave func()) {
			seq, err := g.NewSequence(ctx)
			if err != nil {
				return
			}
			defer func() { _ = seq.Close() }()
			_ = seq.AppendRows(ctx, []int{1, 2, 3}, func(int, []float32) error {
				leave()
				return nil
			})
		},
	}
	list := []*attack{{
		name: "slots/sequences are dropped",
		inside: func(ctx context.Context, _ string) error {
			g, err := teller(ctx)
			if err != nil {
				return err
			}
			for range states {
				if _, err := g.NewSequence(ctx); err != nil {
					return err
				}
			}
			for range 3 {
				runtime.GC()
				time.Sleep(50 * time.Millisecond)
			}
			return answers(ctx, g)
		},
	}}
	for way, leave := range ways {
		for place, use := range places {
			list = append(list, &attack{
				name: "slots/" + way + " in " + place,
				inside: func(ctx context.Context, _ string) error {
					g, err := teller(ctx)
					if err != nil {
						return err
					}
					for range states {
						lost := make(chan struct{})
						go func() {
							defer close(lost)
							defer func() { _ = recover() }()
							use(ctx, g, leave)
						}()
						<-lost
					}
					return answers(ctx, g)
				},
			})
		}
	}
	return list
}

// busy uses from two sides at once what serves one.
func busy() []*attack {
	session := func(ctx context.Context) (*generate.Generator, *generate.Sequence, error) {
		g, err := teller(ctx)
		if err != nil {
			return nil, nil, err
		}
		seq, err := g.NewSequence(ctx)
		return g, seq, err
	}
	return []*attack{
		{
			name: "busy/two goroutines append to a sequence",
			inside: func(ctx context.Context, _ string) error {
				g, seq, err := session(ctx)
				if err != nil {
					return err
				}
				refused := hammer(func() error {
					_, err := seq.Append(ctx, []int{1, 2, 3})
					if errors.Is(err, generate.ErrContextFull) {
						return nil
					}
					return err
				})
				return errors.Join(refused, g.Close())
			},
		}, {
			name: "busy/an append inside an append",
			inside: func(ctx context.Context, _ string) error {
				_, seq, err := session(ctx)
				if err != nil {
					return err
				}
				var inner error
				err = seq.AppendRows(ctx, []int{1, 2}, func(int, []float32) error {
					_, inner = seq.Append(ctx, []int{3})
					return nil
				})
				return errors.Join(err, wantError(inner, generate.ErrBusy), seq.Close())
			},
		},
	}
}

// hammer calls f from two goroutines. Each call succeeds or is refused as busy.
func hammer(f func() error) error {
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		wg.Go(func() {
			for range 50 {
				if err := f(); err != nil && !errors.Is(err, generate.ErrBusy) {
					errs[i] = err
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// silent asks for what cannot be right and was once accepted without a word.
func silent() []*attack {
	ids := func(id int) *attack {
		return &attack{
			name: fmt.Sprintf("silent/token %d", id),
			inside: func(ctx context.Context, _ string) error {
				g, err := teller(ctx)
				if err != nil {
					return err
				}
				var last error
				for _, err := range g.StreamTokens(ctx, []int{1, id}, nil) {
					last = err
				}
				if last == nil {
					return errors.New("it was accepted")
				}
				return answers(ctx, g)
			},
		}
	}
	driver := func(what, text string) *attack {
		return &attack{
			name: "silent/driver with " + what,
			inside: func(ctx context.Context, _ string) error {
				d, err := generate.ReadDriver(strings.NewReader(text))
				if err != nil {
					return nil
				}
				g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, &generate.Config{Driver: d})
				if err == nil {
					return errors.Join(errors.New("it was accepted"), g.Close())
				}
				return nil
			},
		}
	}
	return []*attack{
		ids(-1), ids(math.MaxInt32), ids(1 << 20), ids(math.MinInt),
		driver("a context of ten millions", `{"context":10000000}`),
		driver("an attention mask that is the tokens", `{"attention_mask":"inputIds"}`),
		driver("a causal mask that is the tokens", `{"mask":"inputIds"}`),
		driver("an input that is not there", `{"tokens":"nothing"}`),
		{
			name: "silent/no context",
			inside: func(context.Context, string) error {
				var none context.Context
				g, err := teller(none)
				if err != nil {
					return err
				}
				if _, err := g.Generate(none, "Once", &generate.Options{MaxTokens: 3}); err != nil {
					return err
				}
				m, err := coreml.LoadFS(none, storyteller.FS(), storyteller.Package, nil)
				if err != nil {
					return err
				}
				if _, err := m.Predict(none, nil, nil, nil); err == nil {
					return errors.New("a prediction without inputs was accepted")
				}
				tok, err := tokenizer.LoadFS(storyteller.FS(), ".")
				if err != nil {
					return err
				}
				_, err = tok.ApplyChatTemplate(none, nil, nil)
				return errors.Join(wantError(err, tokenizer.ErrNoChatTemplate), m.Close(), g.Close())
			},
		},
	}
}
