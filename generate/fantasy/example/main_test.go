package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

func Example() {
	var story strings.Builder
	if err := tell(context.Background(), &story, "Once upon a time"); err != nil {
		fmt.Println(err)
	}
	first, _, _ := strings.Cut(story.String(), ".")
	fmt.Println(first)
	// Output:
	// , in an old garden, there lived a kind child named Tom
}

func TestTheDocsShowThisProgram(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, program, found := strings.Cut(string(source), "\n// tell writes")
	page, err := os.ReadFile("../../../docs/frameworks.md")
	if err != nil {
		t.Fatal(err)
	}
	if !found || !strings.Contains(string(page), "// tell writes"+program) {
		t.Error("the program in docs/frameworks.md is not that of main.go: copy the function tell")
	}
}
