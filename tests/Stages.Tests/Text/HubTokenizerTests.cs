using System.Diagnostics;
using System.Text.Json;
using FluentAssertions;
using FsCheck;
using FsCheck.Xunit;
using Pipelines.Models.Text;
using Xunit;

namespace Pipelines.Stages.Tests.Text;

/// <summary>Laws of tokenizers, on small ones made here.</summary>
public sealed class HubTokenizerTests
{
    [Property(MaxTest = 200)]
    public bool Merging_equals_the_naive_loop(int seed) => MergesAsTheNaiveLoop(new Random(seed));

    [Property(MaxTest = 300)]
    public bool Byte_level_decoding_gives_back_the_composed_text(NonNull<string> text)
    {
        string sound = string.Concat(text.Get.EnumerateRunes());
        var tokenizer = SmallTokenizers.ByteLevel;
        return tokenizer.Decode(tokenizer.Encode(sound)) == sound.Normalize();
    }

    [Property(MaxTest = 300)]
    public bool Blank_mark_decoding_gives_back_the_text(NonNull<string> text)
    {
        // U+2581 itself is the mark for a blank; what is written between angle brackets may be an added token, which
        // decoding leaves out.
        string sound = string.Concat(text.Get.EnumerateRunes())
            .Replace('\u2581', ' ')
            .Replace(">", "", StringComparison.Ordinal);
        var tokenizer = SmallTokenizers.Llama;
        return tokenizer.Decode(tokenizer.Encode(sound)) == sound;
    }

    [Fact]
    public void Lone_surrogates_count_as_the_replacement_character()
    {
        // Made at run time: attribute arguments cannot hold them.
        foreach (var (text, shown) in new[] { ("\uD83D", "\uFFFD"), ("x\uDC36y", "x\uFFFDy") })
        {
            SmallTokenizers.ByteLevel.Decode(SmallTokenizers.ByteLevel.Encode(text)).Should().Be(shown);
            SmallTokenizers.Llama.Decode(SmallTokenizers.Llama.Encode(text)).Should().Be(shown);
        }
    }

    [Fact]
    public void Time_is_linear_in_the_length_of_a_text()
    {
        string sentence = "the cat sat on the mat, 12 dogs 漢字 ran; ";
        string text = string.Concat(Enumerable.Repeat(sentence, 500_000 / sentence.Length));
        foreach (var tokenizer in new[] { SmallTokenizers.ByteLevel, SmallTokenizers.Llama })
        {
            var watch = Stopwatch.StartNew();
            tokenizer.Encode(text).Count.Should().BeGreaterThan(50_000);
            watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(20), "quadratic time would be minutes");
        }
    }

    [Theory]
    [InlineData("first", "a<x> b a", "\u2581a <x> \u2581b \u2581a")]
    [InlineData("first", "<x>a a", "<x> a \u2581a")]
    [InlineData("first", " a", "\u2581a")]
    [InlineData("always", "a<x>a a", "\u2581a <x> \u2581a \u2581a")]
    [InlineData("always", " a", "\u2581a")]
    [InlineData("never", "a a", "a \u2581a")]
    public void Metaspace_puts_a_blank_in_front_as_its_scheme_says(string scheme, string text, string tokens)
    {
        using var folder = new TemporaryFolder();
        SmallTokenizers.Write(
            folder.Path,
            $$"""
            {"added_tokens":[{"id":5,"content":"<x>","special":true}],"normalizer":null,
             "pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}","split":false},
             "model":{"type":"BPE","vocab":{"▁":0,"a":1,"b":2,"▁a":3,"▁b":4},"merges":[["▁","a"],["▁","b"]]} }
            """
        );
        var tokenizer = new HubTokenizer(folder.Path);
        string.Join(' ', tokenizer.Encode(text).Select(i => tokenizer.TokenText(i).Replace(' ', '\u2581')))
            .Should()
            .Be(tokens);
    }

    [Fact]
    public void Display_shows_bytes_added_tokens_and_unused_rows_by_name()
    {
        var tokenizer = SmallTokenizers.ByteLevel;
        tokenizer.TokenText(tokenizer.IdOf("<|im_end|>")!.Value).Should().Be("<|im_end|>");
        tokenizer.TokenText(tokenizer.IdOf("Ġ")!.Value).Should().Be(" ");
        tokenizer.Encode("字").Select(tokenizer.TokenText).Should().Equal("<0xE5>", "<0xAD>", "<0x97>");
        tokenizer.TokenText(tokenizer.VocabularySize).Should().Be($"<unused {tokenizer.VocabularySize}>");
        tokenizer.HasToken(tokenizer.VocabularySize).Should().BeFalse();
        tokenizer.HasToken(0).Should().BeTrue();
        tokenizer.Decode([tokenizer.VocabularySize + 7]).Should().BeEmpty("padding rows of an embedding have no text");
    }

    [Fact]
    public void Special_tokens_are_skipped_and_other_added_tokens_are_shown()
    {
        var tokenizer = SmallTokenizers.ByteLevel;
        var ids = tokenizer.Encode("<tool_call>a<|im_end|>");
        ids.Should().HaveCount(3);
        tokenizer.Decode(ids).Should().Be("<tool_call>a");
        tokenizer.Decode(ids, skipAdded: false).Should().Be("<tool_call>a<|im_end|>");
    }

    [Fact]
    public void Several_threads_get_the_ids_of_one()
    {
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => $"the cat {i} sat 漢 on the mat {i * i}")];
        var alone = texts.Select(t => string.Join(',', SmallTokenizers.Llama.Encode(t))).ToArray();
        string[] together = new string[texts.Length];
        Parallel.For(0, texts.Length, i => together[i] = string.Join(',', SmallTokenizers.Llama.Encode(texts[i])));
        together.Should().Equal(alone);
    }

    /// <summary>
    /// A random vocabulary over four letters, and a random text: the package with barriers against merging the leftmost
    /// pair of the best rank again and again.
    /// </summary>
    private static bool MergesAsTheNaiveLoop(Random random)
    {
        var tokens = new List<string> { "\u2581", "a", "b", "c" };
        var merges = new List<(string Left, string Right)>();
        while (tokens.Count < 20)
        {
            var merge = (Left: tokens[random.Next(tokens.Count)], Right: tokens[random.Next(tokens.Count)]);
            if (!tokens.Contains(merge.Left + merge.Right))
            {
                tokens.Add(merge.Left + merge.Right);
                merges.Add(merge);
            }
        }

        string text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => " abc"[random.Next(4)]));
        using var folder = new TemporaryFolder();
        SmallTokenizers.Write(
            folder.Path,
            $$"""
            {"model":{"type":"BPE","vocab":{ {{string.Join(',', tokens.Select((t, i) => $"\"{t}\":{i}"))}} },
             "merges":[ {{string.Join(',', merges.Select(m => $"[\"{m.Left}\",\"{m.Right}\"]"))}} ]} }
            """
        );
        var symbols = text.Replace(' ', '\u2581').Select(c => c.ToString()).ToList();
        while (true)
        {
            int best = -1,
                bestRank = int.MaxValue;
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                int rank = merges.IndexOf((symbols[i], symbols[i + 1]));
                if (rank >= 0 && rank < bestRank)
                {
                    (best, bestRank) = (i, rank);
                }
            }

            if (best < 0)
            {
                break;
            }

            symbols[best] += symbols[best + 1];
            symbols.RemoveAt(best + 1);
        }

        return new HubTokenizer(folder.Path).Encode(text).SequenceEqual(symbols.Select(s => tokens.IndexOf(s)));
    }
}

/// <summary>Small tokenizers of both kinds.</summary>
internal static class SmallTokenizers
{
    public const string Bytes =
        "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
        + "¡¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ"
        + "ĀāĂăĄąĆćĈĉĊċČčĎďĐđĒēĔĕĖėĘęĚěĜĝĞğĠġĢģĤĥĦħĨĩĪīĬĭĮįİıĲĳĴĵĶķĸĹĺĻļĽľĿŀŁłŃ";

    public static HubTokenizer ByteLevel { get; } = Made(ByteLevelJson());

    public static HubTokenizer Llama { get; } = Made(LlamaJson());

    public static void Write(string folder, string json) =>
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), json);

    public static string ByteLevelJson()
    {
        var tokens = Bytes.Select(c => c.ToString()).Concat(["th", "the", "Ġthe", "at", "Ġc", "Ġcat"]);
        string vocabulary = string.Join(',', tokens.Select((t, i) => $"{JsonSerializer.Serialize(t)}:{i}"));
        string pattern = JsonSerializer.Serialize(ByteLevelAlphabet.QwenPattern);
        return $$"""
            {"added_tokens":[
                {"id":262,"content":"<|im_end|>","special":true},
                {"id":263,"content":"<tool_call>","special":false}],
             "normalizer":{"type":"NFC"},
             "pre_tokenizer":{"type":"Sequence","pretokenizers":[
                {"type":"Split","pattern":{"Regex":{{pattern}}},"behavior":"Isolated","invert":false},
                {"type":"ByteLevel","add_prefix_space":false,"use_regex":false}] },
             "model":{"type":"BPE","vocab":{ {{vocabulary}} },"merges":["t h","th e","Ġ the","a t","Ġ c","Ġc at"]} }
            """;
    }

    public static string LlamaJson()
    {
        string[] pieces =
        [
            "▁",
            "t",
            "h",
            "e",
            "a",
            "c",
            "s",
            "m",
            "n",
            "o",
            "th",
            "the",
            "▁the",
            "at",
            "▁c",
            "▁cat",
            "字",
        ];
        var tokens = new[] { "<unk>", "<s>", "</s>" }
            .Concat(Enumerable.Range(0, 256).Select(b => $"<0x{b:X2}>"))
            .Concat(pieces);
        string vocabulary = string.Join(',', tokens.Select((t, i) => $"\"{t}\":{i}"));
        return $$"""
            {"added_tokens":[{"id":1,"content":"<s>","special":true}],
             "normalizer":{"type":"Sequence","normalizers":[
                {"type":"Prepend","prepend":"▁"},
                {"type":"Replace","pattern":{"String":" "},"content":"▁"}] },
             "pre_tokenizer":null,
             "post_processor":{"type":"TemplateProcessing","single":[
                {"SpecialToken":{"id":"<s>","type_id":0} },
                {"Sequence":{"id":"A","type_id":0} } ] },
             "model":{"type":"BPE","unk_token":"<unk>","byte_fallback":true,"vocab":{ {{vocabulary}} },
                "merges":["t h","th e","▁ the","a t","▁ c","▁c at"]} }
            """;
    }

    private static HubTokenizer Made(string json)
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path, json);
        return new HubTokenizer(folder.Path);
    }
}
