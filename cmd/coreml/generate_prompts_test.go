package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// answersOf reads the lines that generate --prompts printed.
func answersOf(t *testing.T, r result) []answerJSON {
	t.Helper()
	var list []answerJSON
	for line := range strings.Lines(r.out) {
		var a answerJSON
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		list = append(list, a)
	}
	return list
}

func TestGenerateAnswersTheLinesOfAFile(t *testing.T) {
	records := recorded(t)
	var text strings.Builder
	for _, r := range records {
		text.WriteString(r.Prompt + "\r\n")
	}
	file := filepath.Join(t.TempDir(), "prompts.txt")
	if err := os.WriteFile(file, []byte("\ufeff"+text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"generate", "-m", model, "--json", "--raw", "--temperature", "0", "--arithmetic", "faithful", "-n", "8"}
	r := call(t, append(flags, "--prompts", file)...)
	r.want(t, exitOK, "", "")
	answers := answersOf(t, r)
	if len(answers) != len(records) {
		t.Fatalf("%d answers to %d prompts: %s", len(answers), len(records), r.err)
	}
	for i, a := range answers {
		alone := call(t, append(slices.Clone(flags), "--", records[i].Prompt)...).answer(t)
		if a.Prompt != i+1 || a.Error != "" || !slices.Equal(a.Tokens, alone.Tokens) || a.Text != alone.Text || a.FinishReason != alone.FinishReason {
			t.Errorf("%+v, by itself %+v", a, alone)
		}
	}
	piped := answersOf(t, callWith(t, text.String(), append(flags, "--prompts", "-")...))
	if len(piped) != len(answers) || !slices.Equal(piped[0].Tokens, answers[0].Tokens) {
		t.Errorf("%d answers to a pipe", len(piped))
	}
}

func TestGenerateTellsOfPromptsWithoutAnAnswer(t *testing.T) {
	r := callWith(t, "Once\n\nOnce upon\n \n", "generate", "--prompts", "-", "--json", "-n", "2", "--temperature", "0", "-q")
	r.want(t, exitFailure, "", "2 of 4 prompts have no whole answer; prompt 2: ")
	answers := answersOf(t, r)
	if len(answers) != 4 {
		t.Fatalf("%d answers", len(answers))
	}
	for i, a := range answers {
		if failed := i%2 == 1; a.Prompt != i+1 || failed != strings.Contains(a.Error, "the prompt is empty") || failed != (len(a.Tokens) == 0) {
			t.Errorf("%+v", a)
		}
	}
	one := callWith(t, "Once\n\n", "generate", "--prompts", "-", "--json", "-n", "2", "-q")
	one.want(t, exitFailure, `"prompt":2`, "coreml: prompt 2: ")
	callWith(t, "", "generate", "--prompts", "-", "--json").want(t, exitOK, "", "")
	call(t, "generate", "--prompts", filepath.Join(t.TempDir(), "absent"), "--json").want(t, exitFailure, "", "absent")
}

func TestGeneratePromptsRefusesWhatContradicts(t *testing.T) {
	for want, args := range map[string][]string{
		"the prompts are given twice": {"generate", "x", "--prompts", "y", "--json"},
		"--prompts needs --json":      {"generate", "--prompts", "y"},
		"--image is of one prompt":    {"generate", "--prompts", "y", "--json", "--image", "z.png"},
	} {
		call(t, args...).want(t, exitUsage, "", want)
	}
	callWith(t, "Once\n", "generate", "--prompts", "-", "--json", "--system", "y").want(t, exitFailure, "", "--system: no chat template")
}
