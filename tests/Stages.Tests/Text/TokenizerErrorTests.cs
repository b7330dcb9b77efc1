using System.Text;
using FluentAssertions;
using FsCheck;
using FsCheck.Xunit;
using Pipelines.Domain.Errors;
using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;
using Pipelines.Stages.Tests.Models;
using Xunit;

namespace Pipelines.Stages.Tests.Text;

/// <summary>Missing and damaged tokenizer files: a sentence that names the file, never another exception.</summary>
public sealed class TokenizerErrorTests
{
    [Fact]
    public void A_folder_without_a_tokenizer_says_which_files_are_looked_for()
    {
        using var folder = new TemporaryFolder();
        Error(folder.Path)
            .Should()
            .Contain(folder.Path)
            .And.Contain("tokenizer.json")
            .And.Contain("vocab.json")
            .And.Contain("tokenizer.model");
    }

    [Theory]
    [InlineData("", "tokenizer.json")]
    [InlineData("null", "tokenizer.json")]
    [InlineData("{}", "has no model")]
    [InlineData("{\"model\":[]}", "damaged")]
    [InlineData("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",0.1]]}}", "Unigram")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":\"x\"},\"merges\":[]}}", "damaged")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}", "id")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a b\"]}}", "merge 1, 'a b'")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[3]}}", "merge")]
    [InlineData(
        "{\"normalizer\":{\"type\":\"Lowercase\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}",
        "Lowercase"
    )]
    [InlineData(
        "{\"pre_tokenizer\":{\"type\":\"Digits\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}",
        "Digits"
    )]
    [InlineData(
        """
            {
              "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [
                  {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated"},
                  {"type": "ByteLevel", "use_regex": false}
                ]
              },
              "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}
            }
            """,
        "damaged"
    )]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git-LFS")]
    public void A_damaged_or_unsupported_tokenizer_json_is_named(string json, string expected)
    {
        using var folder = new TemporaryFolder();
        SmallTokenizers.Write(folder.Path, json);
        Error(folder.Path).Should().Contain(Path.Combine(folder.Path, "tokenizer.json")).And.Contain(expected);
    }

    [Fact]
    public void Vocab_json_without_merges_names_the_missing_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "vocab.json"), "{\"a\":0}");
        Error(folder.Path).Should().Contain("merges.txt").And.Contain("missing");
    }

    [Fact]
    public void Truncated_SentencePiece_models_are_read_or_refused()
    {
        byte[] model = SmallSentencePiece.Bytes();
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "tokenizer.model");
        File.WriteAllBytes(file, model);
        var tokenizer = new HubTokenizer(folder.Path);
        tokenizer.Encode("ab ab").Select(tokenizer.TokenText).Should().Equal("<s>", "ab", " ", "ab");
        for (int length = 0; length < model.Length; length += length < 200 ? 1 : 13)
        {
            File.WriteAllBytes(file, model[..length]);
            ReadsOrRefuses(folder.Path);
        }
    }

    [Property(MaxTest = 400)]
    public void Mutated_tokenizer_files_are_read_or_refused(int seed)
    {
        var random = new Random(seed);
        using var folder = new TemporaryFolder();
        var (file, bytes) = random.Next(3) switch
        {
            0 => ("tokenizer.json", Encoding.UTF8.GetBytes(SmallTokenizers.ByteLevelJson())),
            1 => ("tokenizer.json", Encoding.UTF8.GetBytes(SmallTokenizers.LlamaJson())),
            _ => ("tokenizer.model", SmallSentencePiece.Bytes()),
        };
        File.WriteAllBytes(Path.Combine(folder.Path, file), Mutation.Of(bytes, random));
        ReadsOrRefuses(folder.Path);
    }

    [Fact]
    public void A_question_that_holds_the_picture_again_is_refused()
    {
        var template = ChatTemplate.Of(
            new BuiltInTemplate("small", "USER: ", " ASSISTANT:"),
            new ImageMark("<tool_call>", "<tool_call>", "<tool_call>", "<tool_call>\n")
        );
        var prompt = template.Encode(SmallTokenizers.ByteLevel, "the cat?", 5);
        prompt.ImageLength.Should().Be(5);
        prompt
            .Ids.Skip(prompt.ImageStart)
            .Take(5)
            .Should()
            .OnlyContain(i => i == SmallTokenizers.ByteLevel.IdOf("<tool_call>"));
        prompt.SuffixLength.Should().Be(prompt.Ids.Count - prompt.ImageStart - 5);
        template
            .Invoking(t => t.Encode(SmallTokenizers.ByteLevel, "the <tool_call>?", 5))
            .Should()
            .Throw<InputException>()
            .WithMessage("*once*");
        Known
            .Template(Known.InternVl)
            .Invoking(t => t.Encode(SmallTokenizers.ByteLevel, "the cat?", 5))
            .Should()
            .Throw<InputException>()
            .WithMessage("*IMG_CONTEXT*");
    }

    private static string Error(string folder)
    {
        Action read = () => _ = new HubTokenizer(folder);
        return read.Should().Throw<InputException>().Which.Message;
    }

    private static void ReadsOrRefuses(string folder)
    {
        try
        {
            var tokenizer = new HubTokenizer(folder);
            tokenizer.Decode(tokenizer.Encode("the cat, ab 漢 <s>"), skipAdded: false);
        }
        catch (InputException e)
        {
            e.Message.Should().Contain(folder);
        }
    }
}

/// <summary>A SentencePiece model of a few pieces, written field by field.</summary>
internal static class SmallSentencePiece
{
    public static byte[] Bytes()
    {
        var file = new List<byte>();
        Piece(file, "<unk>", 0, 2);
        Piece(file, "<s>", 0, 3);
        Piece(file, "</s>", 0, 3);
        for (int b = 0; b < 256; b++)
        {
            Piece(file, $"<0x{b:X2}>", 0, 6);
        }

        Piece(file, "ab", -1, 1);
        Piece(file, "\u2581", -2, 1);
        Piece(file, "a", -3, 1);
        Piece(file, "b", -4, 1);
        file.AddRange([0x12, 2, 0x18, 2]); // trainer: BPE
        file.AddRange([0x1A, 4, 0x18, 0, 0x20, 0]); // normalizer: no prefix, blanks kept
        return [.. file];
    }

    private static void Piece(List<byte> file, string text, float score, byte type)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        byte[] piece = [0x0A, (byte)utf8.Length, .. utf8, 0x15, .. BitConverter.GetBytes(score), 0x18, type];
        file.AddRange([0x0A, (byte)piece.Length, .. piece]);
    }
}

/// <summary>Random damage to a file.</summary>
internal static class Mutation
{
    /// <summary>One to four of: bytes changed, bits flipped, a part cut out, a part doubled, the end cut off.</summary>
    public static byte[] Of(byte[] file, Random random)
    {
        var bytes = new List<byte>(file);
        for (int n = random.Next(1, 5); n > 0 && bytes.Count > 1; n--)
        {
            int at = random.Next(bytes.Count),
                length = Math.Min(random.Next(1, 64), bytes.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }
}
