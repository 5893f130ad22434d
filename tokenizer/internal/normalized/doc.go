// Package normalized is the text under way to its tokens, which remembers where in
// the original each of its bytes comes from: the NormalizedString of Hugging Face
// tokenizers. The offsets of tokens come from here.
//
// The rules by which places move are the reference's, and are not what one would choose:
//
//   - A character that takes the place of another has its place; what is inserted has
//     that of the character before it.
//   - Of what was removed, nothing has the place: it is a gap between two others.
//   - What is composed of several has the place of the first of them alone.
//   - Marks that are sorted leave their places where they were.
//   - What is put before a text has the place of its first character.
//   - A replacement has the place of the last character of the match, whole.
//
// Each rewriting is a list of [uni.Change], what came to be and how, but for those that
// have no need of it.
package normalized
