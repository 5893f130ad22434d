package generate_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// fakeChat opens a fake whose every token depends on all before, with several states.
func fakeChat(t *testing.T, template string, next func([]int) int, states int) *generate.Generator {
	t.Helper()
	m := &fakeModel{next: next, unrecorded: true}
	g, err := generate.NewFake(m, m.description(), chatTokenizer(t, template), &generate.Config{Driver: m.driver(), MaxStates: states})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// say sends a text and returns the answer.
func say(t *testing.T, s *generate.Session, text string, opts *generate.Options) *generate.Result {
	t.Helper()
	r, err := generate.Collect(s.Send(t.Context(), text, opts))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func closing(t *testing.T, s *generate.Session) *generate.Session {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func conversationOf(t *testing.T, g *generate.Generator, messages ...tokenizer.Message) *generate.Session {
	t.Helper()
	s, err := g.NewSession(messages...)
	if err != nil {
		t.Fatal(err)
	}
	return closing(t, s)
}

func TestAForkOfASessionGoesItsOwnWay(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 3)
	opts := &generate.Options{MaxTokens: 3}
	s := conversationOf(t, g)
	say(t, s, "a", opts)
	fork, err := s.Fork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closing(t, fork)
	want := say(t, s, "b", opts)
	say(t, s, "c", opts)
	got := say(t, fork, "b", opts)
	if !slices.Equal(got.Tokens, want.Tokens) || got.Stats.CachedTokens != want.Stats.CachedTokens {
		t.Errorf("the fork answers %v with %d cached, the first %v with %d", got.Tokens, got.Stats.CachedTokens, want.Tokens, want.Stats.CachedTokens)
	}
	if n, m := len(fork.Messages()), len(s.Messages()); n != 4 || m != 6 {
		t.Errorf("%d and %d messages, want 4 and 6", n, m)
	}
}

func TestAForkNeedsASecondState(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 1)
	s := conversationOf(t, g)
	if _, err := s.Fork(t.Context()); err != nil { // there is no state yet, and none is needed
		t.Fatal(err)
	}
	say(t, s, "a", &generate.Options{MaxTokens: 1})
	if _, err := s.Fork(t.Context()); !errors.Is(err, generate.ErrConfig) {
		t.Errorf("with one state: %v", err)
	}
}

func TestASessionGoesBack(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 2)
	opts := &generate.Options{MaxTokens: 3}
	s := conversationOf(t, g)
	say(t, s, "a", opts)
	want := say(t, s, "b", opts)
	say(t, s, "c", opts)
	if err := s.Rewind(2); err != nil {
		t.Fatal(err)
	}
	got := say(t, s, "b", opts)
	if !slices.Equal(got.Tokens, want.Tokens) || got.Stats.CachedTokens < want.Stats.CachedTokens {
		t.Errorf("got %v with %d cached, want %v with %d", got.Tokens, got.Stats.CachedTokens, want.Tokens, want.Stats.CachedTokens)
	}
	for _, n := range []int{-1, 5} {
		if err := s.Rewind(n); !errors.Is(err, generate.ErrConfig) {
			t.Errorf("back to %d of 4 messages: %v", n, err)
		}
	}
}

func TestAnUnfinishedAnswerGoesOn(t *testing.T) {
	const answer = "ça va — où est-elle ?"
	next := func(tok *tokenizer.Tokenizer) func([]int) int { return replies(tok, answer) }
	for n := 1; n < 12; n++ {
		m := &fakeModel{unrecorded: true}
		s, tok := newSession(t, m, plainTemplate)
		m.next = next(tok)
		first := say(t, s, "hi", &generate.Options{MaxTokens: n})
		text, tokens := strings.TrimRight(first.Text, "\uFFFD"), first.Tokens
		for len(tokens) < 60 {
			r, err := generate.Collect(s.Continue(t.Context(), &generate.Options{MaxTokens: n}))
			if err != nil {
				t.Fatal(err)
			}
			if r.Stats.PromptTokens-r.Stats.CachedTokens > 1 {
				t.Errorf("%d tokens were read again", r.Stats.PromptTokens-r.Stats.CachedTokens)
			}
			text, tokens = text+strings.TrimRight(r.Text, "\uFFFD"), append(tokens, r.Tokens...)
			if r.Finish == generate.FinishEnd {
				break
			}
		}
		messages := s.Messages()
		if text != answer || len(messages) != 2 || messages[1].Content != answer {
			t.Errorf("by %d tokens: the text is %q, the messages are %+v, want %q", n, text, messages, answer)
		}
		if _, err := generate.Collect(s.Continue(t.Context(), nil)); !errors.Is(err, generate.ErrFinished) {
			t.Errorf("a finished answer went on: %v", err)
		}
	}
}

func TestAnAnswerThatWasBrokenOffGoesOn(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 2)
	s := conversationOf(t, g)
	if _, err := generate.Collect(s.Continue(t.Context(), nil)); !errors.Is(err, generate.ErrFinished) {
		t.Errorf("nothing went on: %v", err)
	}
	opts := &generate.Options{MaxTokens: 9}
	want := say(t, s, "a", opts)
	if err := s.Rewind(0); err != nil {
		t.Fatal(err)
	}
	var got []int
	for tok, err := range s.Send(t.Context(), "a", opts) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, tok.ID); len(got) == 4 {
			break
		}
	}
	rest, err := generate.Collect(s.Continue(t.Context(), &generate.Options{MaxTokens: 5}))
	if err != nil {
		t.Fatal(err)
	}
	if got = append(got, rest.Tokens...); !slices.Equal(got, want.Tokens) {
		t.Errorf("the parts are %v, the whole %v", got, want.Tokens)
	}
	if m := s.Messages(); m[1].Content != want.Text {
		t.Errorf("the message is %q, want %q", m[1].Content, want.Text)
	}
}

func TestAnAnswerThatSomebodyWroteGoesOn(t *testing.T) {
	m := &fakeModel{unrecorded: true}
	s, tok := newSession(t, m, `{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}<|story|>{% endfor %}`+
		`{% if add_generation_prompt %}<|story|>a:{% endif %}`)
	m.next = replies(tok, "well done")
	if err := s.SetMessages([]tokenizer.Message{{Role: "user", Content: "hi"}, {Role: "assistant", Content: "well"}}); err != nil {
		t.Fatal(err)
	}
	r, err := generate.Collect(s.Continue(t.Context(), nil))
	if err != nil || r.Text != " done" {
		t.Errorf("got %q, %v", r.Text, err)
	}
	if m := s.Messages(); len(m) != 2 || m[1].Content != "well done" {
		t.Errorf("the messages are %+v", m)
	}
}

func TestATextSessionGoesOnWithItsText(t *testing.T) {
	g := openStory(t, nil)
	opts := &generate.Options{MaxTokens: 12, Sampling: &generate.Sampling{}}
	s, err := g.NewTextSession()
	if err != nil {
		t.Fatal(err)
	}
	closing(t, s)
	first := say(t, s, "Once upon a time", opts)
	second := say(t, s, " Then the dog", opts)
	ids, err := g.Tokenizer().Encode("Once upon a time", true)
	if err != nil {
		t.Fatal(err)
	}
	more, err := g.Tokenizer().Encode(" Then the dog", false)
	if err != nil {
		t.Fatal(err)
	}
	want, err := generate.Collect(g.StreamTokens(t.Context(), slices.Concat(ids, first.Tokens, more), opts))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(second.Tokens, want.Tokens) || second.Stats.PromptTokens-second.Stats.CachedTokens != len(more)+1 {
		t.Errorf("got %v, of %d tokens %d cached; want %v", second.Tokens, second.Stats.PromptTokens, second.Stats.CachedTokens, want.Tokens)
	}
	if err := s.SetMessages(nil); err == nil {
		t.Error("a text takes messages")
	}
	if s.Messages() != nil || !s.IsText() {
		t.Error("a text has messages")
	}
}

func TestATextGoesBackToAnEarlierTurn(t *testing.T) {
	g := openStory(t, nil)
	opts := &generate.Options{MaxTokens: 6, Sampling: &generate.Sampling{}}
	s, err := g.NewTextSession()
	if err != nil {
		t.Fatal(err)
	}
	closing(t, s)
	first := say(t, s, "Once upon a time", opts)
	second := say(t, s, " Then the dog", opts)
	if _, err := generate.Collect(s.Continue(t.Context(), opts)); err != nil {
		t.Fatal(err)
	}
	if err := s.Rewind(3); !errors.Is(err, generate.ErrConfig) {
		t.Errorf("back to a third turn: %v", err)
	}
	if err := errors.Join(s.Rewind(2), s.Rewind(1)); err != nil {
		t.Fatal(err)
	}
	if again := say(t, s, " Then the dog", opts); !slices.Equal(again.Tokens, second.Tokens) || again.Stats.CachedTokens < first.Stats.PromptTokens {
		t.Errorf("the turn again is %v with %d tokens from the cache, want %v", again.Tokens, again.Stats.CachedTokens, second.Tokens)
	}
	// A file has the text as one turn.
	var file bytes.Buffer
	if err := errors.Join(s.Save(t.Context(), &file), s.Close()); err != nil {
		t.Fatal(err)
	}
	restored, err := g.RestoreSession(t.Context(), &file, nil)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, restored)
	if err := errors.Join(restored.Rewind(1), restored.Rewind(0)); err != nil {
		t.Fatal(err)
	}
	if again := say(t, restored, "Once upon a time", opts); !slices.Equal(again.Tokens, first.Tokens) {
		t.Errorf("the beginning again is %v, want %v", again.Tokens, first.Tokens)
	}
}

func TestTheOldestTurnsAreDropped(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 2)
	system := tokenizer.Message{Role: "system", Content: "be"}
	s := conversationOf(t, g, system)
	opts := &generate.Options{MaxTokens: 4, Overflow: generate.OverflowDropTurns}
	dropped := 0
	for range 12 {
		r := say(t, s, "go", opts)
		dropped += r.Stats.DroppedMessages
		messages := s.Messages()
		if diff := cmp.Diff(system.Content, messages[0].Content); diff != "" {
			t.Fatalf("the system message is gone: %s", diff)
		}
		if messages[1].Role != "user" || messages[len(messages)-1].Role != "assistant" || len(messages)%2 == 0 {
			t.Fatalf("the messages are %+v", messages)
		}
		// What is left is answered as by a conversation that never had more.
		fresh, err := generate.Collect(g.Chat(t.Context(), messages[:len(messages)-1], &generate.Options{MaxTokens: 4}))
		if err != nil || !slices.Equal(fresh.Tokens, r.Tokens) {
			t.Errorf("got %v, a fresh conversation gives %v (%v)", r.Tokens, fresh.Tokens, err)
		}
	}
	if dropped == 0 || dropped%2 != 0 {
		t.Errorf("%d messages were dropped", dropped)
	}
	long := strings.Repeat("far too long ", 50)
	if _, err := generate.Collect(s.Send(t.Context(), long, opts)); !errors.Is(err, generate.ErrContextFull) {
		t.Errorf("a turn that never fits: %v", err)
	}
	var all []tokenizer.Message
	for range 20 {
		all = append(all, tokenizer.Message{Role: "user", Content: "go"}, tokenizer.Message{Role: "assistant", Content: "so"})
	}
	r, err := generate.Collect(g.Chat(t.Context(), append(all, tokenizer.Message{Role: "user", Content: "hi"}), opts))
	if err != nil || r.Stats.DroppedMessages == 0 {
		t.Errorf("a chat dropped %d messages: %v", r.Stats.DroppedMessages, err)
	}
}

func TestAConversationSlidesAlong(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 1)
	s := conversationOf(t, g, tokenizer.Message{Role: "system", Content: "be good"})
	opts := &generate.Options{MaxTokens: 9, Overflow: generate.OverflowSlide}
	slides := 0
	for range 12 {
		r := say(t, s, "go", opts)
		slides += r.Stats.Slides
		if r.Finish != generate.FinishLength && r.Finish != generate.FinishEnd {
			t.Errorf("an answer ended by %q", r.Finish)
		}
	}
	if n := len(s.Messages()); slides == 0 || n != 25 {
		t.Errorf("%d slides, %d messages", slides, n)
	}
	for _, o := range []*generate.Options{
		{Overflow: "other"}, {KeepTokens: 3}, {Overflow: generate.OverflowSlide, KeepTokens: -1}, {ReasoningBudget: -2},
	} {
		if _, err := generate.Collect(s.Send(t.Context(), "go", o)); !errors.Is(err, generate.ErrConfig) {
			t.Errorf("%+v gave %v", o, err)
		}
	}
}

func TestASystemPromptIsReadOnce(t *testing.T) {
	m := &fakeModel{next: counting, unrecorded: true}
	g, err := generate.NewFake(m, m.description(), chatTokenizer(t, plainTemplate), &generate.Config{Driver: m.driver(), MaxStates: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	system := tokenizer.Message{Role: "system", Content: "be good and be quick"}
	opts := &generate.Options{MaxTokens: 2}
	want := say(t, conversationOf(t, g, system), "a", opts)
	prefix, err := g.NewChatPrefix(t.Context(), []tokenizer.Message{system}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s, err := g.NewSession(system)
		if err != nil {
			t.Fatal(err)
		}
		got := say(t, s, "a", opts)
		if !slices.Equal(got.Tokens, want.Tokens) || got.Stats.CachedTokens != prefix.Len() || prefix.Len() < 10 {
			t.Errorf("got %v with %d cached, want %v with %d", got.Tokens, got.Stats.CachedTokens, want.Tokens, prefix.Len())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	chat, err := generate.Collect(g.Chat(t.Context(), []tokenizer.Message{system, {Role: "user", Content: "a"}}, opts))
	if err != nil || chat.Stats.CachedTokens != prefix.Len() || !slices.Equal(chat.Tokens, want.Tokens) {
		t.Errorf("a chat: %+v, %v", chat, err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := g.NewPrefix(t.Context(), "so", nil); !errors.Is(err, generate.ErrClosed) {
		t.Errorf("a closed generator: %v", err)
	}
	if err := prefix.Close(); err != nil {
		t.Error(err)
	}
}
