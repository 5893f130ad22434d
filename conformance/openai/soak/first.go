package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gocoreml/coreml/conformance/openai/target"
)

// longOnes is how many long requests a short one comes behind.
const longOnes = 8

// firstTokens measures the time to the first token of short requests, alone and behind long
// ones, whose prompts fill most of the context and are all different.
func firstTokens(ctx context.Context, s *target.Server, limit time.Duration) error {
	const rounds = 15
	alone, err := shortOnes(ctx, s, rounds)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var long sync.WaitGroup
	failed := make(chan error, longOnes)
	begun := make(chan struct{}, longOnes)
	for i := range longOnes {
		long.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				question := fmt.Sprintf("%d %d ", i, n) + strings.Repeat("The fox and the bear went to the river. ", 28)
				a, err := begin(ctx, s, ask(s, question, n, 64))
				if err == nil {
					if n == 0 {
						begun <- struct{}{}
					}
					_, err = a.text(0)
					a.close()
				}
				if err != nil && ctx.Err() == nil {
					failed <- err
					return
				}
			}
		})
	}
	for range longOnes {
		select {
		case <-begun:
		case err := <-failed:
			return fmt.Errorf("a long request: %w", err)
		}
	}
	behind, err := shortOnes(ctx, s, rounds)
	stop()
	long.Wait()
	if err != nil {
		return err
	}
	select {
	case err := <-failed:
		return fmt.Errorf("a long request: %w", err)
	default:
	}
	show := func(d []time.Duration) string {
		return fmt.Sprintf("median %v, most %v", d[len(d)/2].Round(time.Millisecond), d[len(d)-1].Round(time.Millisecond))
	}
	fmt.Printf("first token of a short request: alone %s; behind %d long ones %s\n", show(alone), longOnes, show(behind))
	if most := behind[len(behind)-1]; most > limit {
		return fmt.Errorf("a first token came after %v, the limit is %v", most, limit)
	}
	return nil
}

// shortOnes asks so many short questions one after the other and returns how long the first
// text of each took, in rising order.
func shortOnes(ctx context.Context, s *target.Server, rounds int) ([]time.Duration, error) {
	var took []time.Duration
	for n := range rounds {
		start := time.Now()
		a, err := begin(ctx, s, ask(s, "Why?", n, 8))
		if err != nil {
			return nil, fmt.Errorf("a short request: %w", err)
		}
		for {
			piece, err := a.next()
			if errors.Is(err, io.EOF) {
				return nil, errors.New("a short request has no text")
			}
			if err != nil {
				return nil, fmt.Errorf("a short request: %w", err)
			}
			if piece != "" {
				break
			}
		}
		took = append(took, time.Since(start))
		if _, err := a.text(0); err != nil {
			return nil, fmt.Errorf("a short request: %w", err)
		}
		a.close()
	}
	slices.Sort(took)
	return took, nil
}
