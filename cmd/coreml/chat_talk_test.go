package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// chatting is a conversation whose messages and commands are these lines.
func chatting(t *testing.T, lines []string, args ...string) result {
	t.Helper()
	return callWith(t, strings.Join(lines, "\n")+"\n", append([]string{"chat", "--temperature", "0"}, args...)...)
}

// talkJSON is a conversation with --json.
func talkJSON(t *testing.T, lines []string, args ...string) []answerJSON {
	t.Helper()
	r := chatting(t, lines, append(args, "--json")...)
	if r.status != exitOK {
		t.Fatalf("status %d: %s%s", r.status, r.out, r.err)
	}
	return turnsOf(t, r)
}

// turnsOf reads the objects of a conversation.
func turnsOf(t *testing.T, r result) (list []answerJSON) {
	t.Helper()
	for line := range strings.Lines(r.out) {
		var a answerJSON
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		list = append(list, a)
	}
	return list
}

func TestAConversationReadsOnlyWhatIsNew(t *testing.T) {
	model := chattyStory(t)
	turns := talkJSON(t, []string{"Once upon a time", "And then?", "/undo", "And then?", "/retry"}, "-m", model, "-n", "6", "--system", "Be kind.")
	if len(turns) != 4 || turns[0].CachedTokens != 0 || turns[1].CachedTokens < turns[0].PromptTokens {
		t.Fatalf("%+v", turns)
	}
	if !slices.Equal(turns[1].Tokens, turns[2].Tokens) || !slices.Equal(turns[1].Tokens, turns[3].Tokens) || turns[1].Prompt != 2 || turns[2].PromptTokens != turns[1].PromptTokens {
		t.Errorf("the second turn and those in its place: %+v", turns[1:])
	}
	one := call(t, "generate", "-m", model, "--json", "--temperature", "0", "-n", "6", "--system", "Be kind.", "Once upon a time").answer(t)
	if one.Text != turns[0].Text {
		t.Errorf("the first answer is %q, that of generate %q", turns[0].Text, one.Text)
	}
	plain := chatting(t, []string{"Once upon a time", "And then?"}, "-m", model, "-n", "6", "--system", "Be kind.")
	if want := strings.TrimLeft(turns[0].Text, "\n") + "\n" + strings.TrimLeft(turns[1].Text, "\n") + "\n"; plain.out != want || plain.err != "" {
		t.Errorf("got %q and %q, want %q", plain.out, plain.err, want)
	}
}

func TestATextGoesOn(t *testing.T) {
	turns := talkJSON(t, []string{"Once upon a time", "/continue", " Then", "/undo", "/undo", "Once upon a time"}, "-n", "5")
	if len(turns) != 4 || !slices.Equal(turns[0].Tokens, turns[3].Tokens) || turns[1].CachedTokens != turns[1].PromptTokens-1 {
		t.Fatalf("%+v", turns)
	}
	whole := call(t, "generate", "--json", "--temperature", "0", "-n", "10", "Once upon a time").answer(t)
	if got := turns[0].Text + turns[1].Text; got != whole.Text {
		t.Errorf("got %q, want %q", got, whole.Text)
	}
	r := chatting(t, []string{"Once"}, "-n", "2")
	if r.want(t, exitOK, "", "coreml: This model has no chat template"); strings.Count(r.err, "\n") != 1 {
		t.Errorf("it tells %q", r.err)
	}
	chatting(t, []string{"Once"}, "-n", "2", "--raw").want(t, exitOK, "", "(--raw)")
	if r := chatting(t, []string{"Once"}, "-n", "2", "--quiet"); r.err != "" || r.out == "" {
		t.Errorf("with --quiet %q and %q", r.out, r.err)
	}
}

func TestASavedConversationGoesOnWithoutReadingItAgain(t *testing.T) {
	model, dir := chattyStory(t), t.TempDir()
	file, other := filepath.Join(dir, "talk.session"), filepath.Join(dir, "other.session")
	flags := []string{"-m", model, "-n", "6"}
	first := talkJSON(t, []string{"Once upon a time", "/save " + other}, append(flags, "--session", file)...)
	for name, lines := range map[string][]string{"--session": {"And then?"}, "/load": {"/load " + other, "And then?"}} {
		args := flags
		if name == "--session" {
			args = append(slices.Clone(flags), "--session", file)
		}
		turns := talkJSON(t, lines, args...)
		if len(turns) != 1 || turns[0].CachedTokens < first[0].PromptTokens+len(first[0].Tokens)-1 {
			t.Errorf("%s: %+v behind %+v", name, turns, first)
		}
	}
	// What --session had is of two turns now, of which /undo takes back the last.
	chatting(t, []string{"/undo", "/undo", "/undo"}, append(flags, "--session", file)...).want(t, exitFailure, "", "nothing to take back")
	if again := talkJSON(t, []string{"Once upon a time"}, append(flags, "--session", file)...); again[0].Text != first[0].Text {
		t.Errorf("after all was taken back %q, want %q", again[0].Text, first[0].Text)
	}
	chatting(t, []string{"/reset", "/save"}, append(flags, "--session", file)...).want(t, exitFailure, "", "/save needs a FILE")
	chatting(t, nil, append(flags, "--session", file, "--system", "x")...).want(t, exitUsage, "", "--system is for a new session")
	text := filepath.Join(dir, "text.session")
	chatting(t, []string{"Once", "/save " + text, "/load " + text, "/undo", "/undo"}, "-n", "2").want(t, exitFailure, "", "nothing to take back")
	poem, empty := filepath.Join(dir, "poem"), filepath.Join(dir, "empty")
	if err := errors.Join(os.WriteFile(poem, []byte("Roses are red, violets are blue.\n"), 0o600), os.WriteFile(empty, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	chatting(t, []string{"/save " + poem}, flags...).want(t, exitFailure, "", "is no saved conversation, and is not replaced")
	chatting(t, []string{"/save " + empty, "/save " + file, "/load " + empty}, flags...).want(t, exitOK, "", "Saved in")
	raw := filepath.Join(dir, "raw.session")
	chatting(t, []string{"Once", "/save " + raw}, append(flags, "--raw")...).want(t, exitOK, "\n", "Saved in")
	for want, line := range map[string]string{
		"is a text, and this is a conversation": "/load " + raw, "another tokenizer": "/load " + text, "absent": "/load absent", "/load needs a FILE": "/load",
		"there is no folder": "/save absent/talk",
	} {
		r := chatting(t, []string{"Once", line, "And?"}, flags...)
		r.want(t, exitFailure, "\n", want)
		if strings.Count(r.out, "\n") < 2 {
			t.Errorf("%s: the conversation ends with it: %q, %s", line, r.out, r.err)
		}
	}
}

func TestCommandsOfAConversation(t *testing.T) {
	model := chattyStory(t)
	for _, c := range []struct {
		lines     []string
		status    int
		out, told string
	}{
		{[]string{"/help"}, exitOK, "", "/set [NAME [VALUE]]"},
		{[]string{"/halp"}, exitFailure, "", "there is no command /halp (did you mean /help?)"},
		{[]string{"/dance"}, exitFailure, "", "there is no command /dance; /help lists the commands"},
		{[]string{"/cont"}, exitFailure, "", "did you mean /continue?"},
		{[]string{"/undo"}, exitFailure, "", "nothing to take back"},
		{[]string{"/retry"}, exitFailure, "", "nothing to take back"},
		{[]string{"/continue"}, exitFailure, "", "the last answer is whole"},
		{[]string{"/undo all"}, exitFailure, "", `/undo takes nothing behind it, and "all" is there`},
		{[]string{"/stats"}, exitFailure, "", "no whole answer yet"},
		{[]string{"Once", "/stats"}, exitOK, "\n", "of 512 tokens"},
		{[]string{"/system"}, exitOK, "", "There is no system message"},
		{[]string{"/system Be kind.", "/system", "/system -", "/system"}, exitOK, "", "Be kind.\nThe system message is taken away.\nThere is no system message"},
		{[]string{"/bye", "/dance"}, exitOK, "", ""},
		{[]string{"/exit", "/dance"}, exitOK, "", ""},
		{[]string{"/tools"}, exitOK, "", "There are no tools"},
		{[]string{"/model"}, exitOK, "", "512 tokens of context"},
		{[]string{"/model absent.mlpackage"}, exitFailure, "", "absent.mlpackage"},
		{[]string{"/reset"}, exitOK, "", "A new conversation begins."},
		{[]string{"/set top-k 4", "/set top-k", "/set --top-k default"}, exitOK, "", "top-k is 4.\ntop-k is 4.\ntop-k is 40.\n"},
		{[]string{"/set"}, exitOK, "", "  temperature         0\n"},
		{[]string{"/set dry-multiplier 0.8", "/set"}, exitOK, "", "  dry-multiplier      0.8\n"},
		{[]string{"/set dance 1"}, exitFailure, "", `no setting "dance"`},
		{[]string{"/set temp 1"}, exitFailure, "", "did you mean temperature?"},
		{[]string{"/set top-p 3"}, exitFailure, "", "top-p is 3: it must be between 0 and 1"},
		{[]string{"/set top-k x"}, exitFailure, "", `top-k is "x": it must be a whole number`},
		{[]string{"/set temperature x"}, exitFailure, "", `temperature is "x": it must be a number`},
		{[]string{"/set seed -1"}, exitFailure, "", "seed"},
		{[]string{"/set seed 7", "/set seed", "/set seed default"}, exitOK, "", "seed is 7.\nseed is 7.\nseed is another one"},
		{[]string{"/set max-tokens -9"}, exitFailure, "", "max-tokens is -9"},
		{[]string{"/set max-tokens x"}, exitFailure, "", "max-tokens"},
		{[]string{"/set stop a b", "/set stop \x1b[2J", "/set stop default"}, exitOK, "", `stop is "a b", "\x1b[2J".` + "\nstop is none."},
		{[]string{"/set overflow slide", "/set overflow x"}, exitFailure, "", `overflow is "x"`},
		{[]string{"/set reasoning-budget 5"}, exitOK, "", "reasoning-budget is 5."},
		{[]string{"/set template-var a=1", "/set template-var b=\"x\"", "/set template-var default"}, exitOK, "", `template-var is a=1, b="x".` + "\ntemplate-var is none."},
		{[]string{"/set template-var a"}, exitFailure, "", "it must be a name with a value"},
		{[]string{"/set template-var a=x"}, exitFailure, "", "no JSON"},
		{[]string{"/set stats on", "Once"}, exitOK, "\n", "to the first; prompt"},
		{[]string{"/set stats maybe"}, exitFailure, "", "on or off"},
		{[]string{"//help"}, exitOK, "\n", ""},
		{[]string{"/usr/bin/env is"}, exitOK, "\n", ""},
		{[]string{"", "  "}, exitOK, "", ""},
	} {
		t.Run(strings.Join(c.lines, ","), func(t *testing.T) {
			r := chatting(t, c.lines, "-m", model, "-n", "3")
			if r.want(t, c.status, c.out, c.told); c.out == "" && r.out != "" {
				t.Errorf("standard output has %q", r.out)
			}
		})
	}
	// A variable that the template does not read is told of when it is asked for.
	chatting(t, []string{"/set template-var a=1", "Once"}, "-m", model).want(t, exitFailure, "", "a")
}

func TestTheFlagsOfChat(t *testing.T) {
	model := chattyStory(t)
	for _, args := range [][]string{
		{"--stop", " child", "-n", "40"},
		{"--seed", "3", "--top-k", "2"},
		{"--arithmetic", "wide", "--threads", "1"},
		{"--engine", "portable"},
		{"--compute-units", "cpu-only"},
		{"--prefill-chunk", "3"},
		{"--overflow", "error"},
		{"--reasoning-budget", "4"},
		{"--speculate"},
		{"--offline"},
		{"--tokenizer", filepath.Dir(model)},
		{"--draft", model},
		{"--sanitize-control-tokens"},
	} {
		if r := chatting(t, []string{"Once upon a time"}, append(args, "-m", model)...); r.status != exitOK || r.out == "" {
			t.Errorf("%q: status %d, %q, %s", args, r.status, r.out, r.err)
		}
	}
	if turns := talkJSON(t, []string{"Once"}, model, "-n", "3"); len(turns) != 1 || len(turns[0].Tokens) != 3 {
		t.Errorf("%+v", turns)
	}
	chatting(t, []string{"Once"}, "--stats", "--json").want(t, exitOK, "{", "--stats has no effect with --json")
	chatting(t, nil, "--function", "dance").want(t, exitFailure, "", "dance")
	chatting(t, nil, "--driver", "absent", "-m", model).want(t, exitFailure, "", "--driver")
	chatting(t, nil, "--system", "x").want(t, exitFailure, "", "--system: ")
	chatting(t, nil, "--tools", "absent").want(t, exitFailure, "", "--tools: ")
	for want, args := range map[string][]string{
		"the model is given twice":                 {"a.mlpackage", "-m", "b.mlpackage"},
		"there is no model package \"Hello\"":      {"Hello"},
		"--system needs the chat template":         {"--raw", "--system", "x"},
		"--tools needs the chat template":          {"--raw", "--tools", "x"},
		"--template-var is for the chat template":  {"--raw", "--template-var", "a=1"},
		"--max-tokens is -2":                       {"-n", "-2"},
		"--reasoning-budget is -2":                 {"--reasoning-budget", "-2"},
		"--overflow must be one of":                {"--overflow", "forget"},
		"one that chat does not take":              {"a.mlpackage", "b"},
		"there is no session \"absent/talk\"":      nil,
		"--transformers is 3: it must be 4 or 5":   {"--transformers", "3"},
		"--prefill-chunk is -4: it must be -1 or ": {"--prefill-chunk", "-4"},
	} {
		if args != nil {
			chatting(t, nil, args...).want(t, exitUsage, "", want)
		}
	}
	chatting(t, nil, "--session", "absent/talk").want(t, exitFailure, "", "there is no folder")
}

func TestAnotherModelKeepsTheMessages(t *testing.T) {
	a, b := chattyStory(t), templated(t, `{% for m in messages %}<|story|>{{ m.role[0] }}: {{ m.content }}{% endfor %}{% if add_generation_prompt %}<|story|>{% endif %}`)
	turns := talkJSON(t, []string{"Once upon a time", "/model " + b, "And then?"}, "-m", a, "-n", "6")
	if len(turns) != 2 || turns[1].CachedTokens != 0 || turns[1].PromptTokens <= turns[0].PromptTokens+len(turns[0].Tokens) {
		t.Errorf("%+v", turns)
	}
	// A model without a template has no place for them.
	bare := filepath.Join(t.TempDir(), "bare")
	if err := errors.Join(os.CopyFS(bare, os.DirFS(filepath.Dir(a))), os.Remove(filepath.Join(bare, "chat_template.jinja"))); err != nil {
		t.Fatal(err)
	}
	bare = filepath.Join(bare, filepath.Base(a))
	chatting(t, []string{"Once", "/model " + bare}, "-m", a, "-n", "2").want(t, exitFailure, "\n", "the conversation stays with the model before")
	chatting(t, []string{"/model " + bare, "Once", "/undo"}, "-m", a, "-n", "2").want(t, exitOK, "\n", "nothing is left")
	// From a text to a conversation, which begins then.
	if turns := talkJSON(t, []string{"Once upon a time", "/model " + a, "Once upon a time"}, "-n", "4"); len(turns) != 2 {
		t.Errorf("%+v", turns)
	}
}

// forced are flags with which an answer begins with a text.
func forced(t *testing.T, text string) []string {
	t.Helper()
	var got struct{ IDs []int }
	r := call(t, "tokenize", "--json", "--no-special", text)
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, id := range got.IDs {
		ids = append(ids, strconv.Itoa(id))
	}
	return []string{"--forced-tokens", strings.Join(ids, ","), "-n", strconv.Itoa(len(ids))}
}

const weatherTool = `[{"type": "function", "function": {"name": "weather", "description": "The weather in a place.", "parameters": {}}}]`

func TestCallsAreShownAndTheirResultsTyped(t *testing.T) {
	model, file := templated(t, callTemplate), filepath.Join(t.TempDir(), "tools.json")
	if err := os.WriteFile(file, []byte(weatherTool), 0o600); err != nil {
		t.Fatal(err)
	}
	const calls = `<tool_call>{"name": "weather", "arguments": {"place": "Seville"}}</tool_call>` +
		`<tool_call>{"name": "weather", "arguments": {"place": "Rome", "unit": "celsius", "days": 2}}</tool_call>`
	args := append([]string{"-m", model, "--tools", file}, forced(t, calls)...)
	const want = "call weather {\"place\":\"Seville\"}\ncall weather\n  {\n    \"place\": \"Rome\",\n    \"unit\": \"celsius\",\n    \"days\": 2\n  }\n"
	r := chatting(t, []string{"Is it warm?", "/tools", "31", "\"\"\"22\nand rain\"\"\""}, args...)
	if r.want(t, exitOK, want, "weather  The weather in a place."); r.out != want+want {
		t.Errorf("it writes %q", r.out)
	}
	turns := talkJSON(t, []string{"Is it warm?", "31", "22", ""}, args...)
	if len(turns) != 2 || len(turns[0].ToolCalls) != 2 || turns[1].PromptTokens <= turns[0].PromptTokens {
		t.Errorf("%+v", turns)
	}
	// Without a result the conversation goes on.
	chatting(t, []string{"Is it warm?", "", "/tools off", "Really?"}, args...).want(t, exitOK, want, "No result is sent.")
	chatting(t, []string{"/tools " + file}, "-m", model).want(t, exitOK, "", "weather  The")
	chatting(t, []string{"Once", "/tools " + file, "Is it warm?"}, "-m", chattyStory(t), "-n", "2").want(t, exitFailure, "\n", "tools")
	chatting(t, []string{"/tools " + file}, "-n", "2").want(t, exitFailure, "", "no chat template")
	for data, problem := range map[string]string{
		`{"tools": ` + weatherTool + `}`: "", `[]`: "", `{}`: "the object has no tools", `{"tools": 1}`: "where a list belongs", "[\n{]": "line 2",
		`[{"function": {}}]`: "tool 1 has no name", `[1]`: "tool 1 has no name", `"x"`: "where a list belongs",
	} {
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		status := exitOK
		if problem != "" {
			status = exitFailure
		}
		chatting(t, nil, "-m", model, "--tools", file).want(t, status, "", problem)
	}
}

// thinkTemplate is of a model that thinks.
const thinkTemplate = `{# <think> </think> #}{% for m in messages %}<|story|>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|story|>{% endif %}`

func TestThinkingIsNoPartOfTheAnswerOnAPipe(t *testing.T) {
	model := templated(t, thinkTemplate)
	args := append([]string{"-m", model}, forced(t, "<think>\nI think.</think>\n\nIt is so")...)
	if r := chatting(t, []string{"Is it?"}, args...); r.out != "It is so\n" {
		t.Errorf("it writes %q: %s", r.out, r.err)
	}
	if turns := talkJSON(t, []string{"Is it?"}, args...); strings.TrimSpace(turns[0].Reasoning) != "I think." {
		t.Errorf("%+v", turns)
	}
	shown := onTerminal(t, []string{"Is it?", "/set thinking off", "Is it?"}, args...)
	shown.want(t, exitOK, ">>> \x1b[0m\x1b[2mI think.\x1b[0m\n\nIt is so\n", "")
	if strings.Count(shown.out, "I think") != 1 || strings.Count(shown.out, "It is so\n") != 2 {
		t.Errorf("it writes %q", shown.out)
	}
}

// onTerminal is a conversation on a terminal that cannot edit lines.
func onTerminal(t *testing.T, lines []string, args ...string) result {
	t.Helper()
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	in := &keyboard{}
	in.Reset(strings.Join(lines, "\n") + "\n")
	var out, errs tty
	status := run(t.Context(), append([]string{"chat", "--temperature", "0"}, args...), in, &out, &errs)
	return result{status, out.String(), errs.String()}
}

func TestAConversationOnATerminal(t *testing.T) {
	r := onTerminal(t, []string{"Once upon a time", "/dance", "/help", "/stats"}, "-n", "4")
	for _, want := range []string{
		"\x1b[2mThe storyteller, 512 tokens of context. /help lists the commands, Ctrl-D leaves.\x1b[0m\n",
		"goes on with the text that is typed.", ">>> ", "\x1b[31mthere is no command /dance", "/continue goes on", "Ctrl-R searches what was typed", "context  ",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is not in %q", want, r.out)
		}
	}
	// A person knows what failed: leaving is no failure.
	if r.status != exitOK || r.err != "" {
		t.Errorf("status %d, standard error %q", r.status, r.err)
	}
	quiet := onTerminal(t, []string{"Once upon a time"}, "-n", "4", "-q")
	if strings.Contains(quiet.out, "storyteller") || strings.Contains(quiet.out, "/continue") {
		t.Errorf("with --quiet it writes %q", quiet.out)
	}
}

func TestStylesAreLeftOutWhereTheyAreNotWanted(t *testing.T) {
	for _, env := range [][2]string{{"NO_COLOR", "1"}, {"TERM", "dumb"}} {
		t.Setenv("NO_COLOR", "")
		t.Setenv("TERM", "xterm")
		t.Setenv(env[0], env[1])
		in := &keyboard{}
		in.Reset("Once upon a time\n/dance\n")
		var out, errs tty
		status := run(t.Context(), []string{"chat", "-n", "4"}, in, &out, &errs)
		if status != exitOK || strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), ">>> ") {
			t.Errorf("%s=%s: status %d, %q", env[0], env[1], status, out.String())
		}
	}
}

func TestAnswersCannotCommandATerminal(t *testing.T) {
	args := append([]string{"-m", chattyStory(t)}, forced(t, "a\x1b[2Jb\x1b]0;title\x07 \u009b1m \u202e")...)
	r := onTerminal(t, []string{"Once", "/system \x1b[2J", "/system", "/x\x1b[2J"}, args...)
	for _, style := range []string{"\x1b[0m", "\x1b[2m", "\x1b[31m"} {
		r.out = strings.ReplaceAll(r.out, style, "")
	}
	if strings.ContainsAny(r.out, "\x1b\x07\u009b\u202e") || !strings.Contains(r.out, `a\x1b[2Jb`) {
		t.Errorf("it writes %q", r.out)
	}
}

// presser presses Ctrl-C when a text has been written.
type presser struct {
	tty
	after string
	press func()
}

func (p *presser) Write(b []byte) (int, error) {
	n, err := p.tty.Write(b)
	if p.after != "" && strings.Contains(p.String(), p.after) {
		p.after = ""
		p.press()
	}
	return n, err
}

func TestAnInterruptStopsTheAnswerAlone(t *testing.T) {
	ctx, interrupts := withInterrupts(t.Context())
	in := &keyboard{}
	in.Reset("Once upon a time\n/continue\n/stats\n")
	out := &presser{after: "there", press: interrupts.press}
	var errs tty
	status := run(ctx, []string{"chat", "--temperature", "0", "-n", "20"}, in, out, &errs)
	whole := call(t, "generate", "--json", "--temperature", "0", "-n", "60", "Once upon a time").answer(t)
	if status != exitOK || ctx.Err() != nil || !strings.Contains(out.String(), "Stopped; /continue goes on.") {
		t.Fatalf("status %d: %q%s", status, out.String(), errs.String())
	}
	// The parts are one text.
	var parts []string
	for line := range strings.Lines(out.String()) {
		line = strings.TrimPrefix(strings.TrimPrefix(line, ">>> "), "\x1b[0m")
		if !strings.HasPrefix(line, "\x1b") {
			parts = append(parts, strings.Fields(line)...)
		}
	}
	if got := strings.Join(parts, " "); len(parts) < 12 || !strings.Contains(strings.Join(strings.Fields(whole.Text), " "), got[:min(60, len(got))]) {
		t.Errorf("got %q of %q", got, whole.Text)
	}
}

func TestAnInterruptBeforeAnAnswerTakesTheMessageBack(t *testing.T) {
	ctx, interrupts := withInterrupts(t.Context())
	c := &chat{pressed: make(chan struct{}, 1)}
	err := c.guard(ctx, func(ctx context.Context) error {
		c.press()
		return ctx.Err()
	})
	if !errors.Is(err, errStopped) || ctx.Err() != nil {
		t.Errorf("what gave nothing yet: %v", err)
	}
	// Between the messages an interrupt is one for the prompt, and two are one.
	c.press()
	c.press()
	if len(c.pressed) != 1 {
		t.Error("the prompt does not hear of it")
	}
	c.work.start(func() {})
	if c.work.step() {
		t.Error("the first token is the last")
	}
	if c.press(); !c.work.step() || !c.work.stopped() {
		t.Error("the answer goes on")
	}
	if interrupts.press(); ctx.Err() == nil {
		t.Error("an interrupt that nobody took does not end the command")
	}
}

func TestTwoInterruptsAtThePromptLeave(t *testing.T) {
	in := &prompted{answers: []any{errInterruptText("abc"), errInterruptText(""), "/stats", errInterruptText(""), errInterruptText(""), "/dance"}}
	var out tty
	s := newStreams(&keyboard{}, &out, &out)
	c := newChat(&chatCmd{Overflow: "auto"}, s)
	if err := c.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.in = in
	if err := errors.Join(c.converse(t.Context()), c.close()); err != nil {
		t.Error(err)
	}
	if len(in.answers) != 1 || strings.Count(out.String(), "Press Ctrl-C again") != 2 {
		t.Errorf("%v is left; %q", in.answers, out.String())
	}
}

func TestCompletionsOfAConversation(t *testing.T) {
	var out tty
	c := newChat(&chatCmd{Overflow: "auto"}, newStreams(&keyboard{}, &out, &out))
	if err := c.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	}()
	for before, want := range map[string][]string{
		"/s": {"/system", "/save", "/set", "/stats"}, "/set top": {"top-k", "top-p", "top-n-sigma"}, "hello": nil, "/set x": {"xtc-probability", "xtc-threshold"},
		"/save f": nil, "/dance": nil,
	} {
		if got := c.complete(before); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", before, got, want)
		}
	}
}
