package tokenizer

import "strings"

// cleanUp takes out spaces as clean_up_tokenization_spaces asks for, in the order of the
// reference: what one step leaves is the text of the next.
func cleanUp(text string) string {
	if !strings.Contains(text, " ") {
		return text
	}
	for _, mark := range cleaned {
		text = strings.ReplaceAll(text, mark[0], mark[1])
	}
	return text
}

var cleaned = [][2]string{
	{" .", "."},
	{" ?", "?"},
	{" !", "!"},
	{" ,", ","},
	{" ' ", "'"},
	{" n't", "n't"},
	{" 'm", "'m"},
	{" 's", "'s"},
	{" 've", "'ve"},
	{" 're", "'re"},
}

// maxCleaned is the length of the longest text that is looked for.
const maxCleaned = 4

// maxUncleaned bounds the text that a stream holds back for this.
const maxUncleaned = 1 << 12

// cleaner is cleanUp for a text that comes in parts.
type cleaner struct{ held string }

// next takes a part and returns the text that is certain now: that before a space which
// comes maxCleaned bytes or more after the one before it. No text that is looked for
// reaches over such a place, also where a step before has taken spaces out.
func (c *cleaner) next(part string) string {
	c.held += part
	cut := len(c.held)
	for end := cut; len(c.held)-cut <= maxUncleaned; end = cut {
		space := strings.LastIndexByte(c.held[:end], ' ')
		if space < 0 || end-space >= maxCleaned {
			break
		}
		cut = space
	}
	if len(c.held)-cut > maxUncleaned {
		cut = len(c.held)
	}
	text := c.held[:cut]
	c.held = c.held[cut:]
	return cleanUp(text)
}

// rest returns what is held back.
func (c *cleaner) rest() string {
	text := c.held
	c.held = ""
	return cleanUp(text)
}
