package generate_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// withStory opens the embedded storyteller and hands it to an example.
func withStory(use func(ctx context.Context, g *generate.Generator) error) {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err == nil {
		defer g.Close()
		err = use(ctx, g)
	}
	if err != nil {
		fmt.Println(err)
	}
}

// An answer that a limit has cut goes on where it was left.
func ExampleSession_Continue() {
	withStory(func(ctx context.Context, g *generate.Generator) error {
		s, err := g.NewTextSession()
		if err != nil {
			return err
		}
		defer s.Close()
		opts := &generate.Options{MaxTokens: 5, Sampling: &generate.Sampling{}}
		first, err := generate.Collect(s.Send(ctx, "Once upon a time", opts))
		if err != nil {
			return err
		}
		rest, err := generate.Collect(s.Continue(ctx, opts))
		if err != nil {
			return err
		}
		fmt.Printf("%q %q\n", first.Text, rest.Text)
		fmt.Println(rest.Stats.PromptTokens-rest.Stats.CachedTokens, "token read")
		return nil
	})
	// Output:
	// ", in an old garden" ", there lived a kind"
	// 1 token read
}

// Two endings of one story: the beginning is read once.
func ExampleSession_Fork() {
	withStory(func(ctx context.Context, g *generate.Generator) error {
		s, err := g.NewTextSession()
		if err != nil {
			return err
		}
		defer s.Close()
		opts := &generate.Options{MaxTokens: 6, Sampling: &generate.Sampling{}}
		if _, err := generate.Collect(s.Send(ctx, "Once upon a time", opts)); err != nil {
			return err
		}
		other, err := s.Fork(ctx)
		if err != nil {
			return err
		}
		defer other.Close()
		for _, way := range []struct {
			s    *generate.Session
			text string
		}{{s, " The dog"}, {other, " The girl"}} {
			r, err := generate.Collect(way.s.Send(ctx, way.text, opts))
			if err != nil {
				return err
			}
			fmt.Printf("%q\n", way.text+r.Text)
		}
		return nil
	})
	// Output:
	// " The dog named Leo. He wanted to"
	// " The girl was a time, in an"
}

// A saved session goes on in another run of the program.
func ExampleGenerator_RestoreSession() {
	withStory(func(ctx context.Context, g *generate.Generator) error {
		s, err := g.NewTextSession()
		if err != nil {
			return err
		}
		opts := &generate.Options{MaxTokens: 6, Sampling: &generate.Sampling{}}
		if _, err := generate.Collect(s.Send(ctx, "Once upon a time", opts)); err != nil {
			return err
		}
		var file bytes.Buffer // SaveFile and RestoreSessionFile do it with a file on disk
		if err := s.Save(ctx, &file); err != nil {
			return err
		}
		if err := s.Close(); err != nil {
			return err
		}
		again, err := g.RestoreSession(ctx, &file, nil)
		if err != nil {
			return err
		}
		defer again.Close()
		r, err := generate.Collect(again.Continue(ctx, opts))
		if err != nil {
			return err
		}
		fmt.Printf("%q\n", r.Text)
		return nil
	})
	// Output:
	// " there lived a kind child named"
}

// A long beginning that many texts share is read once.
func ExampleGenerator_NewPrefix() {
	withStory(func(ctx context.Context, g *generate.Generator) error {
		prefix, err := g.NewPrefix(ctx, "Once upon a time there was a little dog.", nil)
		if err != nil {
			return err
		}
		defer prefix.Close()
		for _, text := range []string{" He", " She"} {
			r, err := g.Generate(ctx, "Once upon a time there was a little dog."+text, &generate.Options{MaxTokens: 4})
			if err != nil {
				return err
			}
			fmt.Println(r.Stats.CachedTokens == prefix.Len(), r.Stats.PromptTokens-r.Stats.CachedTokens)
		}
		return nil
	})
	// Output:
	// true 1
	// true 1
}

// A server keeps the conversations of many users with a few states.
func ExampleSessions() {
	withStory(func(ctx context.Context, g *generate.Generator) error {
		users, err := g.NewSessions(&generate.SessionsConfig{
			New: func(context.Context, string) (*generate.Session, error) { return g.NewTextSession() },
			// With a Dir the sessions that memory has no room for go to files there, and
			// are found again when the program starts anew.
		})
		if err != nil {
			return err
		}
		defer users.Close(ctx)
		for _, user := range []string{"ann", "bob", "cid", "dan", "eve", "ann"} {
			err := users.Do(ctx, user, func(s *generate.Session) error {
				r, err := generate.Collect(s.Send(ctx, "Once", &generate.Options{MaxTokens: 3}))
				fmt.Println(user, r.Stats.CachedTokens)
				return err
			})
			if err != nil {
				return err
			}
		}
		st := users.Stats()
		fmt.Println(st.Live, "with a state,", st.Waiting, "without")
		return nil
	})
	// Output:
	// ann 0
	// bob 0
	// cid 0
	// dan 0
	// eve 0
	// ann 4
	// 3 with a state, 2 without
}

// A conversation that has outgrown the context loses its oldest turns.
func ExampleOptions_overflow() {
	withStory(func(ctx context.Context, g *generate.Generator) error {
		// The storyteller has no template of its own.
		chat := &tokenizer.ChatOptions{Template: "{% for m in messages %}{{ m.content }} {% endfor %}"}
		var messages []tokenizer.Message
		for range 200 {
			messages = append(messages, tokenizer.Message{Role: "user", Content: "Tell me more."}, tokenizer.Message{Role: "assistant", Content: "The dog ran home."})
		}
		messages = append(messages, tokenizer.Message{Role: "user", Content: "And then?"})
		r, err := generate.Collect(g.Chat(ctx, messages, &generate.Options{MaxTokens: 2, Chat: chat, Overflow: generate.OverflowDropTurns}))
		if err != nil {
			return err
		}
		fmt.Println(r.Stats.DroppedMessages > 0, r.Stats.PromptTokens+2 <= g.ContextLength())
		return nil
	})
	// Output:
	// true true
}

// Thinking is marked in the stream, and ends with its budget.
func ExampleOptions_reasoningBudget() {
	ctx := context.Background()
	g, err := generate.Open(ctx, "Model.mlpackage", nil)
	if err != nil {
		return // there is no such package here
	}
	defer g.Close()
	question := []tokenizer.Message{{Role: "user", Content: "Is 91 a prime?"}}
	for tok, err := range g.Chat(ctx, question, &generate.Options{ReasoningBudget: 256}) {
		if err != nil {
			return
		}
		if tok.Kind == generate.KindText {
			fmt.Print(tok.Text)
		}
	}
}
