package generate_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// bareTemplate writes the messages one behind the other.
const bareTemplate = "{% for m in messages %}{{ m.content }} {% endfor %}"

// conversation is a session whose every turn is compared with the same messages on a
// state of its own.
type conversation struct {
	g       *generate.Generator
	session *generate.Session
	most    int // copies that were ever held
}

// send adds a message and wants the tokens of a fresh run, one by one as they come.
func (c *conversation) send(t *testing.T, text string) {
	t.Helper()
	opts := &generate.Options{MaxTokens: 7, IgnoreEnd: true, Sampling: &generate.Sampling{}}
	all := append(c.session.Messages(), tokenizer.Message{Role: "user", Content: text})
	want, err := generate.Collect(c.g.Chat(t.Context(), all, opts))
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for tok, err := range c.session.Send(t.Context(), text, opts) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, tok.ID)
		if k := len(got); k > len(want.Tokens) || tok.ID != want.Tokens[k-1] {
			t.Fatalf("%d messages: the tokens begin %v, those of a fresh run %v", len(all), got, want.Tokens)
		}
	}
	if !slices.Equal(got, want.Tokens) {
		t.Errorf("%d messages: got %v, a fresh run gives %v", len(all), got, want.Tokens)
	}
	n, size := generate.CopiesOf(c.session)
	c.most = max(c.most, n)
	if n > generate.MaxCopies || size > generate.MaxCopiedSize {
		t.Errorf("%d copies of %d bytes are held", n, size)
	}
}

// edit replaces the text of a message and drops what follows it.
func (c *conversation) edit(t *testing.T, at int, text string) {
	t.Helper()
	list := c.session.Messages()[:at+1]
	list[at].Content = text
	if err := c.session.SetMessages(list); err != nil {
		t.Fatal(err)
	}
}

// changesItsHistory has turns, edits of what was said in them, and turns behind those:
// caches that are no longer in the order of positions have to be those of the new text.
func changesItsHistory(t *testing.T, p familyPackage) {
	g := p.open(t, generate.Config{MaxStates: 2, Chat: &tokenizer.ChatOptions{Template: bareTemplate}})
	words := []string{"Once upon a time", "The wind blew", "A red kite", "They walked", "It was warm", "The bear sat"}
	if g.Tokenizer().VocabSize() < 100 { // the tokenizer of testdata/families
		words = []string{"w05 w09", "w12 w03 w44", "w07", "w60 w21", "w33", "w18 w02"}
	}
	s, err := g.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := &conversation{g: g, session: s}
	c.send(t, words[0])
	c.send(t, words[1])
	c.edit(t, 1, words[2]) // the first answer
	c.send(t, words[3])
	c.edit(t, 0, words[4]) // the first message
	c.send(t, words[5])
	if g.ContextLength() < 100 {
		return
	}
	for range 3 { // more turns than there are copies, and back to the second
		c.send(t, words[1])
	}
	c.edit(t, 2, words[2])
	c.send(t, words[0])
	if d := g.Driver(); d.Rewind == generate.RewindSnapshot && c.most == 0 {
		t.Error("no copy was ever kept")
	}
}
