package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

func Example() {
	h, err := who(context.Background(), "Once upon a time there was a girl.")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(h.Kind, h.Brave)
	// Output:
	// girl false
}

func TestTheDocsShowThisProgram(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, program, found := strings.Cut(string(source), "\ntype hero struct")
	page, err := os.ReadFile("../../../docs/frameworks.md")
	if err != nil {
		t.Fatal(err)
	}
	if !found || !strings.Contains(string(page), "type hero struct"+program) {
		t.Error("the program in docs/frameworks.md is not that of main.go: copy hero and the function who")
	}
}
