using System.Text;
using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Domain.Errors;
using Pipelines.Models.Text;
using Xunit;

namespace Pipelines.Stages.Tests.Text;

/// <summary>Which token of an answer is measured, for both kinds of tokenizers.</summary>
public sealed class AnswerTargetTests
{
    private static readonly HashSet<int> Ends = [2];

    [Theory]
    [InlineData("▁cat", 0, false)]
    [InlineData("c at", 0, true)]
    [InlineData("▁c ▁cat", 0, false)]
    [InlineData("▁ 字", 1, false)]
    [InlineData("▁ 字 字", 1, true)]
    [InlineData("<0x0A> ▁cat", 1, false)]
    [InlineData("<0x0A> <0x0A> ▁ <0x22> c at <0x22>", 4, true)]
    [InlineData("<0x2A> <0x2A> ▁cat <0x2A> <0x2A>", 2, false)]
    [InlineData("<0xE2> <0x80> <0x94> c at", 3, true)] // a dash in three bytes carries no letter
    [InlineData("<0xF0> <0x9F> <0x90> <0xB1> ▁cat", 4, false)]
    [InlineData("<0x41>", 0, false)]
    [InlineData("<0x34> <0x32>", 0, true)]
    [InlineData("<s> ▁cat", 1, false)]
    [InlineData("c <s> at", 0, true)]
    [InlineData("<0xE4> <0x41> ▁cat", 2, false)] // bytes that are no text
    [InlineData("c <0xC3> <0xA9>", 0, true)]
    public void The_target_is_the_first_token_that_carries_a_letter_or_digit(string tokens, int position, bool piece) =>
        Of(SmallTokenizers.Llama, tokens).Should().Be(new AnswerTarget(position, piece, null));

    [Theory]
    [InlineData("Ġcat", 0, false)]
    [InlineData("Ċ Ċ Ġcat", 2, false)]
    [InlineData("* * c at * *", 2, true)]
    [InlineData("ð Ł Ĳ ± Ġcat", 4, false)]
    [InlineData("c Ã ©", 0, true)]
    [InlineData("c ' s", 0, false)]
    [InlineData("<|im_end|> Ġcat", 1, false)]
    [InlineData("<tool_call> Ġcat", 0, false)]
    [InlineData("7 Ġcat", 0, false)]
    public void It_is_so_with_bytes_as_letters(string tokens, int position, bool piece) =>
        Of(SmallTokenizers.ByteLevel, tokens).Should().Be(new AnswerTarget(position, piece, null));

    [Theory]
    [InlineData(
        "<0xE4> <0xBD> <0xA0>",
        "the answer's first letter or digit, '你', is spelt by 3 tokens, none of which carries it alone"
    )]
    [InlineData(
        "<0xD9> <0xA3> ▁cat",
        "the answer's first letter or digit, '٣', is spelt by 2 tokens, none of which carries it alone"
    )]
    [InlineData("<0x0A> ▁ <0x2E>", "none of the answer's 3 tokens carries a letter or a digit")]
    [InlineData("▁ </s> ▁cat", "none of the answer's 1 tokens carries a letter or a digit")]
    [InlineData("</s>", "none of the answer's 0 tokens carries a letter or a digit")]
    public void Where_no_token_carries_it_alone_the_reason_is_said(string tokens, string reason) =>
        Of(SmallTokenizers.Llama, tokens).Problem.Should().Be(reason);

    [Property(MaxTest = 500)]
    public bool What_the_texts_tell_is_what_the_tokens_tell(int seed)
    {
        (HubTokenizer tokenizer, int[] ids) = Drawn(seed);
        string answer = tokenizer.Decode(ids).Trim(),
            first = tokenizer.TokenText(ids[0]);
        AnswerTarget target = AnswerTarget.Of(tokenizer, ids, new HashSet<int>());
        return !AnswerTarget.IsFirstToken(answer, first)
            || (target is { Position: 0, Problem: null } && target.IsPiece == AnswerTarget.IsPieceOf(answer, first));
    }

    [Property(MaxTest = 500)]
    public bool The_characters_of_tokens_are_those_of_their_text(int seed)
    {
        (HubTokenizer tokenizer, int[] ids) = Drawn(seed);
        string characters = string.Concat(tokenizer.Characters(ids).Select(c => c.Character.ToString())),
            text = tokenizer.Decode(ids);
        return characters == text || (ReferenceEquals(tokenizer, SmallTokenizers.Llama) && characters == " " + text);
    }

    [Fact]
    public void Letters_and_digits_of_any_script_count_and_marks_only_go_on()
    {
        foreach (
            string letter in new[] { "a", "é", "Я", "ا", "字", "ก", "ह", "٣", "९", "𝒜", "𐐀", "①", "㎏", "½", "Ⅷ" }
        )
        {
            WordCharacters.Begins(Rune.GetRuneAt(letter, 0)).Should().BeTrue(letter);
        }

        foreach (string other in new[] { " ", "\n", "\"", "*", "—", "▁", "。", "🐱", "\uFFFD", "\u0301", "_" })
        {
            WordCharacters.Begins(Rune.GetRuneAt(other, 0)).Should().BeFalse(other);
        }

        foreach (string mark in new[] { "\u0301", "ा", "e", "5" })
        {
            WordCharacters.Continues(Rune.GetRuneAt(mark, 0)).Should().BeTrue(mark);
        }

        foreach (string other in new[] { " ", "-", "'", "🐱" })
        {
            WordCharacters.Continues(Rune.GetRuneAt(other, 0)).Should().BeFalse(other);
        }
    }

    [Theory]
    [InlineData("dog", "dog")]
    [InlineData("\n \"dog\"\t", "\\n \"dog\"\\t")]
    [InlineData("a\\n\u0007", "a\\\\n\\u0007")]
    [InlineData("\u202Egod\u2028", "\\u202egod\\u2028")]
    public void Text_is_shown_on_one_line(string text, string shown) => Shown.Name(text).Should().Be(shown);

    private static AnswerTarget Of(HubTokenizer tokenizer, string tokens) =>
        AnswerTarget.Of(tokenizer, [.. tokens.Split(' ').Select(t => tokenizer.IdOf(t)!.Value)], Ends);

    private static (HubTokenizer Tokenizer, int[] Ids) Drawn(int seed)
    {
        var random = new Random(seed);
        HubTokenizer tokenizer = random.Next(2) == 0 ? SmallTokenizers.Llama : SmallTokenizers.ByteLevel;
        int[] words = [.. Enumerable.Range(255, tokenizer.VocabularySize - 255)]; // pieces and added tokens
        return (
            tokenizer,
            [
                .. Enumerable
                    .Range(0, random.Next(1, 9))
                    .Select(_ =>
                        random.Next(3) == 0
                            ? words[random.Next(words.Length)]
                            : random.Next(tokenizer.VocabularySize + 2)
                    ),
            ]
        );
    }
}
