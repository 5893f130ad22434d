"""The grammar that the storyteller's stories are drawn from."""
import random


class Stories:
    """An endless source of stories that depends on the seed only."""

    PEOPLE = [
        ("Mia", "she", "her"), ("Tom", "he", "his"), ("Lina", "she", "her"), ("Omar", "he", "his"),
        ("Ada", "she", "her"), ("Ben", "he", "his"), ("Zoe", "she", "her"), ("Hugo", "he", "his"),
        ("Nora", "she", "her"), ("Kofi", "he", "his"), ("Ivy", "she", "her"), ("Leo", "he", "his"),
    ]  # fmt: skip
    ANIMALS = "fox rabbit owl bear mouse duck cat dog frog hedgehog turtle squirrel".split()
    MANNERS = "little brave curious kind clever quiet cheerful sleepy gentle young".split()
    PLACES = "forest village garden valley harbor meadow castle library market mountain island lighthouse".split()
    THINGS = "kite lantern book boat map drum key bell scarf clock basket bicycle".split()
    COLORS = "red blue green golden silver yellow purple white".split()
    WEATHER = [
        "The sun was warm and the sky was clear", "Rain fell softly on the roofs", "The wind blew through the trees",
        "Snow covered the ground", "A thin mist lay over the fields", "The morning was bright and cool",
    ]  # fmt: skip
    FOOD = ["bread", "soup", "honey cake", "apples", "berries", "pancakes", "warm milk", "cheese"]
    GLAD = "happy proud glad calm excited thankful".split()
    SAD = "sad worried lost afraid lonely tired".split()
    TIMES = [
        "One morning", "One afternoon", "One evening", "Early the next day", "That night", "After lunch",
        "A few days later", "Before sunset",
    ]  # fmt: skip
    MORALS = [
        "a small act of kindness can change a whole day", "it is good to ask for help",
        "friends make every path shorter", "patience opens many doors", "sharing makes everything taste better",
        "being brave does not mean being loud", "the best treasures are found together",
        "listening is a kind of magic",
    ]  # fmt: skip

    def __init__(self, seed=20261122):
        self.random = random.Random(seed)
        self.pick = self.random.choice

    def character(self):
        if self.random.random() < 0.5:
            name, subject, possessive = self.pick(self.PEOPLE)
            kind = "child"
            manner = self.pick(self.MANNERS)
        else:
            kind = self.pick(self.ANIMALS)
            name, subject, possessive = self.pick(self.PEOPLE)
            manner = self.pick(self.MANNERS)
        return dict(name=name, full=f"{article(manner)} {kind} named {name}", they=subject, their=possessive)

    def story(self):
        a, b = self.character(), self.character()
        while b["name"] == a["name"]:
            b = self.character()
        place, place2 = self.random.sample(self.PLACES, 2)
        thing, thing2 = self.random.sample(self.THINGS, 2)
        color, color2 = self.random.sample(self.COLORS, 2)
        scene = Scene(self, a, b, place, place2, thing, thing2, color, color2, self.pick(self.FOOD))
        sentences = scene.beginning()
        sentences += self.pick(scene.plots())()
        sentences += scene.ending()
        return " ".join(sentences + ["The end."])

    def varied_story(self):
        """A story that, one time in four, introduces its first character in another way."""
        story = self.story()
        if self.random.random() >= 0.25:
            return story
        parts = story.split(". ")
        for name, _, _ in self.PEOPLE:
            at = parts[0].find(" named " + name)
            words = parts[0][:at].split()[-2:] if at >= 0 else []
            if len(words) == 2:
                manner, kind = words
                parts[0] = self.pick([
                    f"The {manner} {kind} named {name} lived near the {self.pick(self.PLACES)}",
                    f"The {manner} {kind} was called {name}",
                    f"{name} was {article(manner)} {kind} who loved the {self.pick(self.PLACES)}",
                ])  # fmt: skip
                return ". ".join(parts)
        return story


class Scene:
    """The choices of one story and the sentences that follow from them."""

    def __init__(self, source, a, b, place, place2, thing, thing2, color, color2, food):
        self.source, self.pick = source, source.pick
        self.a, self.b, self.place, self.place2 = a, b, place, place2
        self.thing, self.thing2, self.color, self.color2, self.food = thing, thing2, color, color2, food

    def time(self):
        return self.pick(self.source.TIMES)

    def beginning(self):
        a, name, They = self.a, self.a["name"], capital(self.a["they"])
        which = self.pick(["the", "an old", "a quiet"])
        return [
            self.pick([
                f"Once upon a time there was {a['full']} who lived near {which} {self.place}.",
                f"Once upon a time, in {which} {self.place}, there lived {a['full']}.",
                f"There once was {a['full']} who loved the {self.place}.",
                f"In a small house by the {self.place} lived {a['full']}.",
                f"Long ago, {a['full']} lived beside the {self.place}.",
            ]),
            self.pick([
                f"{They} had {article(self.color)} {self.thing} and took it everywhere.",
                f"Every day {a['they']} played with {a['their']} {self.color} {self.thing}.",
                f"{name} liked {self.food} and long walks.",
                f"{They} wanted to find {article(self.color)} {self.thing} more than anything.",
                f"{capital(a['their'])} favorite thing was {article(self.color)} {self.thing}.",
            ]),
            self.pick([
                f"{self.pick(self.source.WEATHER)}.",
                f"{self.time()}, {name} walked to the {self.place2}.",
                f"{self.time()}, {name} went out to look for something new.",
            ]),
        ]  # fmt: skip

    def plots(self):
        return [self.lost, self.stuck, self.shared, self.note, self.bridge, self.lesson]

    def lost(self):
        a, b = self.a["name"], self.b["name"]
        return [
            f"{self.time()} the {self.thing} was gone.",
            f"{a} looked under the bed, behind the door, and in the {self.place2}, but {self.a['they']} could not find it.",
            f"{a} felt {self.pick(self.source.SAD)}.",
            f"Then {self.a['they']} met {self.b['full']}.",
            f'"What is wrong?" asked {b}.',
            f'"I lost my {self.color} {self.thing}," said {a}.',
            f'"I will help you," said {b}.',
            f"Together they searched until they saw something {self.color} near the {self.place}.",
            f"It was the {self.thing}!",
        ]

    def stuck(self):
        a, b = self.a["name"], self.b["name"]
        return [
            f"On the way {self.a['they']} heard a small voice.",
            f"It was {self.b['full']}, stuck behind a gate.",
            f'"Please help me," said {b}.',
            f"{a} pushed and pulled, and at last the gate opened.",
            f'"Thank you," said {b}. "You are very kind."',
            f"To say thank you, {b} gave {a} {article(self.color2)} {self.thing2}.",
        ]

    def shared(self):
        a, b = self.a["name"], self.b["name"]
        return [
            f"There {self.a['they']} met {self.b['full']}.",
            f'"Would you like to share my {self.food}?" asked {b}.',
            f'"Yes, please," said {a}.',
            f"They sat down and ate {self.food} until the sun went down.",
            f"Then {a} showed {b} the {self.color} {self.thing}.",
            f'"It is beautiful," said {b}.',
        ]

    def note(self):
        a, b = self.a["name"], self.b["name"]
        return [
            f"{self.time()}, {a} found an old {self.thing2} in the grass.",
            f'Inside it was a note: "Follow the {self.color2} stones to the {self.place2}."',
            f"{a} followed the stones, one by one.",
            f"At the end of the path stood {self.b['full']}.",
            f'"I have been waiting for you," said {b}. "I need a friend."',
            f'{a} smiled. "So do I."',
        ]

    def bridge(self):
        a, b = self.a["name"], self.b["name"]
        return [
            f"A storm came, and the bridge to the {self.place2} broke.",
            f"All the neighbors were {self.pick(self.source.SAD)}.",
            f'"We can build a new one," said {a}.',
            f"{b}, {self.b['full']}, brought wood and rope.",
            f"They worked for three days and ate {self.food} every evening.",
            "On the fourth day the new bridge was ready.",
        ]

    def lesson(self):
        a, b, They = self.a["name"], self.b["name"], capital(self.a["they"])
        return [
            f"{a} wanted to learn how to make {article(self.thing)}.",
            f"{They} asked {self.b['full']} for help.",
            f'"First you must be patient," said {b}.',
            f"{a} tried once, and it broke. {They} tried twice, and it broke again.",
            f"The third time, the {self.thing} was perfect and {self.color}.",
            f'"You did it!" said {b}.',
        ]

    def ending(self):
        a, b = self.a["name"], self.b["name"]
        glad = self.pick(self.source.GLAD)
        sentences = [
            self.pick([
                f"{a} was so {glad} that {self.a['they']} danced all the way home.",
                f"From that day on, {a} and {b} were best friends.",
                f"{a} and {b} went home, {glad} and full of {self.food}.",
                f"That night {a} fell asleep with a smile.",
            ])
        ]  # fmt: skip
        if self.source.random.random() < 0.7:
            moral = self.pick(self.source.MORALS)
            sentences.append(
                self.pick([f"{a} learned that {moral}.", f"And everyone in the {self.place} knew that {moral}."])
            )
        return sentences


def article(word):
    return ("an " if word[0] in "aeiou" else "a ") + word


def capital(word):
    return word[0].upper() + word[1:]


if __name__ == "__main__":
    stories = Stories()
    for _ in range(3):
        print(stories.varied_story(), end="\n\n")
