package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// counts are how often what happened. It is safe for concurrent use.
type counts struct {
	mu     sync.Mutex
	of     map[string]int
	failed int
	errors []string // the first ones
}

func (c *counts) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[what]++
}

// fail counts what must not happen.
func (c *counts) fail(what string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed++
	if len(c.errors) < 20 {
		c.errors = append(c.errors, fmt.Sprintf("%s: %.300s", what, err.Error()))
	}
}

func (c *counts) print() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(c.of)) {
		fmt.Printf("%8d %s\n", c.of[what], what)
	}
	fmt.Printf("%8d failed\n", c.failed)
	for _, e := range c.errors {
		fmt.Println("        ", e)
	}
}

func (c *counts) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed > 0 {
		return fmt.Errorf("%d requests failed", c.failed)
	}
	if c.of["read"] == 0 {
		return fmt.Errorf("no answer was read")
	}
	return nil
}
