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

func TestTheReadmeShowsThisCall(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, call, found := strings.Cut(string(source), "\t_, err = llms.")
	call, _, _ = strings.Cut(call, "\treturn err\n}\n")
	call = strings.ReplaceAll("\t_, err = llms."+call, "\n\t", "\n")[1:]
	page, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !found || !strings.Contains(string(page), call) {
		t.Errorf("README.md does not show this call:\n%s", call)
	}
}
