package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/examples/storyteller"
)

// chattyStory is the storyteller in a folder, with a chat template.
func chattyStory(t *testing.T) string {
	t.Helper()
	return templated(t, `{% for m in messages %}<|story|>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|story|>{% endif %}`)
}

// templated is the storyteller in a folder, with this chat template.
func templated(t *testing.T, template string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, storyteller.FS()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, storyteller.Package)
}

func TestASessionIsSavedAndGoesOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "talk.session")
	flags := []string{"generate", "-m", chattyStory(t), "--json", "--temperature", "0", "-n", "6", "--session", file}
	with := func(more ...string) []string { return append(slices.Clone(flags), more...) }
	first := call(t, with("--system", "Be kind.", "Once upon a time")...).answer(t)
	if first.FinishReason != "length" || first.CachedTokens != 0 {
		t.Fatalf("the first answer is %+v", first)
	}
	rest := callWith(t, "", flags...).answer(t) // standard input has no prompt
	whole := call(t, "generate", "-m", chattyStory(t), "--json", "--temperature", "0", "-n", "12", "--system", "Be kind.", "Once upon a time").answer(t)
	if got := slices.Concat(first.Tokens, rest.Tokens); !slices.Equal(got, whole.Tokens) || first.Text+rest.Text != whole.Text {
		t.Errorf("the parts are %v, the whole %v", got, whole.Tokens)
	}
	if rest.CachedTokens != rest.PromptTokens-1 {
		t.Errorf("of %d tokens %d were read before", rest.PromptTokens, rest.CachedTokens)
	}
	second := call(t, with("And then?")...).answer(t)
	if second.CachedTokens < rest.PromptTokens-1 || second.PromptTokens <= rest.PromptTokens {
		t.Errorf("the second turn has %d of %d tokens from the first", second.CachedTokens, second.PromptTokens)
	}
	shown := call(t, "generate", "-m", chattyStory(t), "--temperature", "0", "-n", "3", "--session", file, "So?")
	shown.want(t, exitOK, "", "")
	if !strings.HasSuffix(shown.out, "\n") || strings.TrimSpace(shown.out) == "" {
		t.Errorf("it writes %q", shown.out)
	}
}

func TestATextIsSavedAndGoesOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "text.session")
	flags := []string{"generate", "--json", "--temperature", "0", "-n", "5", "--session", file}
	first := call(t, append(slices.Clone(flags), "Once upon a time")...).answer(t)
	rest := callWith(t, "", flags...).answer(t)
	more := call(t, append(slices.Clone(flags), " Then the dog")...).answer(t)
	whole := call(t, "generate", "--json", "--temperature", "0", "-n", "10", "Once upon a time").answer(t)
	if got := slices.Concat(first.Tokens, rest.Tokens); !slices.Equal(got, whole.Tokens) {
		t.Errorf("the parts are %v, the whole %v", got, whole.Tokens)
	}
	if more.CachedTokens != rest.PromptTokens+len(rest.Tokens)-1 {
		t.Errorf("of %d tokens %d were read before", more.PromptTokens, more.CachedTokens)
	}
}

func TestSessionsThatDoNotFitAreRefused(t *testing.T) {
	dir := t.TempDir()
	file, other, chat := filepath.Join(dir, "a"), filepath.Join(dir, "b"), chattyStory(t)
	call(t, "generate", "-q", "-n", "2", "--session", file, "Once").want(t, exitOK, "", "")
	call(t, "generate", "-q", "-n", "2", "-m", chat, "--session", other, "Once").want(t, exitOK, "", "")
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("some notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(dir, "damaged")
	if err := os.WriteFile(damaged, saved[:len(saved)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status  int
		problem string
		args    []string
	}{
		{exitFailure, "not a saved session", []string{"--session", text, "x"}},
		{exitFailure, "the file ends in the midst of", []string{"--session", damaged, "x"}},
		{exitFailure, "a folder", []string{"--session", dir, "x"}},
		{exitFailure, "it was saved with another tokenizer", []string{"--session", file, "-m", chat, "x"}},
		{exitUsage, "a conversation, and this call continues a text", []string{"--session", other, "-m", chat, "--raw", "x"}},
		{exitUsage, "--system is for a new session", []string{"--session", other, "-m", chat, "--system", "s", "x"}},
		{exitUsage, "--image does not go with --session", []string{"--session", file, "--image", "x.png", "x"}},
		{exitUsage, "--session is of one prompt", []string{"--session", file, "--json", "--prompts", text}},
		{exitUsage, "--reasoning-budget is -2", []string{"--reasoning-budget", "-2", "x"}},
		{exitUsage, "--overflow", []string{"--overflow", "other", "x"}},
		{exitUsage, "--overflow drop-turns is for conversations", []string{"--overflow", "drop-turns", "x"}},
		{exitFailure, "there is no folder", []string{"--session", filepath.Join(dir, "absent", "a"), "x"}},
		{exitUsage, "--answers and --beams do not go with --session", []string{"--session", file, "--json", "--answers", "2", "x"}},
		{exitUsage, "--answers and --beams do not go with --session", []string{"--session", file, "--beams", "2", "x"}},
		{exitUsage, "--guidance-scale does not go with --session", []string{"--session", file, "--guidance-scale", "2", "x"}},
	} {
		call(t, append([]string{"generate", "-n", "2"}, c.args...)...).want(t, c.status, "", c.problem)
	}
	callWith(t, "", "generate", "--session", file, "--regex", "a+").want(t, exitUsage, "", "--regex binds an answer from its beginning")
	if callWith(t, "", "generate", "--session", filepath.Join(dir, "new")).status != exitUsage {
		t.Error("a new session needs no prompt")
	}
	if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, saved) {
		t.Errorf("a refused call has changed the session (%v)", err)
	}
	if now, _ := os.ReadFile(text); string(now) != "some notes" {
		t.Error("a file that is no session was replaced")
	}
}

func TestASessionSaysWhatWasReadBefore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "story")
	flags := []string{"generate", "--temperature", "0", "-n", "6", "--session", file}
	call(t, append(slices.Clone(flags), "Once upon a time")...).want(t, exitOK, "", "  prompt  5 tokens, ")
	callWith(t, "", flags...).want(t, exitOK, "", "  prompt  11 tokens, 10 cached")
}

func TestALongTextSlidesAlong(t *testing.T) {
	r := call(t, "generate", "--json", "--temperature", "0", "--overflow", "slide", "-n", "540", "Once upon a time").answer(t)
	if len(r.Tokens) == 540 && r.Slides == 0 {
		t.Errorf("%d tokens without a slide", len(r.Tokens))
	}
	long := strings.Repeat("the cat sat. ", 400)
	call(t, "generate", "-n", "3", long).want(t, exitFailure, "", "the model takes 512 (see --overflow)")
	call(t, "generate", "-n", "3", "--overflow", "slide", long).want(t, exitOK, "", "  prompt")
}
