package pattern

import (
	"encoding/json"
	"errors"

	"github.com/dlclark/regexp2"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// Pattern reads {"String": …} or {"Regex": …}.
func (c *Compiler) Pattern(raw json.RawMessage) (Matcher, error) {
	var p struct {
		String *string
		Regex  *string
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	switch {
	case p.String != nil && *p.String == "":
		return c.compile("") // is found between any two characters
	case p.String != nil:
		return Literal{*p.String}, nil
	case p.Regex != nil:
		return c.compile(*p.Regex)
	}
	return nil, &fault.Unsupported{Component: "pattern", Name: string(raw)}
}

// The bytes that all patterns of a file may have, and those that they may have
// in the other syntax, which spells sets of characters out. The patterns in use
// have some hundreds.
const (
	maxPatterns   = 1 << 14
	maxTranslated = 1 << 21
)

// errPatterns is the cause of loading a file with patterns beyond these.
var errPatterns = errors.New("the patterns are too long")

// Compiler makes the matchers of the patterns of a file, equal ones once.
type Compiler struct {
	size, translated int
	known            map[string]Matcher
}

// compile returns the matcher of a regular expression.
func (c *Compiler) compile(pattern string) (Matcher, error) {
	if f, ok := known[pattern]; ok {
		return Scanner{f, uni.Classes()}, nil
	}
	if m, ok := c.known[pattern]; ok {
		return m, nil
	}
	m, err := c.regex(pattern)
	if err != nil {
		return nil, err
	}
	if c.known == nil {
		c.known = map[string]Matcher{}
	}
	c.known[pattern] = m
	return m, nil
}

// regex returns the matcher of a pattern that no scan is known for.
func (c *Compiler) regex(pattern string) (Matcher, error) {
	if c.size += len(pattern); c.size > maxPatterns {
		return nil, errPatterns
	}
	unsupported := &fault.Unsupported{Component: "pattern", Name: pattern}
	translated, ok := translate(pattern)
	if c.translated += len(translated); c.translated > maxTranslated {
		return nil, errPatterns
	}
	if !ok {
		return nil, unsupported
	}
	// Anchors stand for the ends of lines in the syntax of the reference.
	re, err := regexp2.Compile(translated, regexp2.Unicode|regexp2.Multiline)
	if err != nil {
		return nil, unsupported
	}
	re.MatchTimeout = matchTimeout
	return regexMatcher{re}, nil
}
