using System.Diagnostics;
using System.Text;
using FluentAssertions;
using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>
/// Whatever the input, the reader gives a result: no exception, no hang, no allocation far beyond the input.
/// </summary>
public sealed class FuzzTests
{
    private static readonly string[] Pieces =
    [
        ":",
        "- ",
        "\n",
        "\t",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        "&a ",
        "*a",
        "!x ",
        "|\n",
        ">\n",
        "#",
        "%",
        "@",
        "? ",
        "<<: ",
        "---\n",
        "...\n",
        "null",
        "~",
        "1e999",
        "-0",
        ".inf",
        "${",
        "}",
        "\\",
        "\0",
        "\uFEFF",
        "\u0085",
        "\u2028",
        "🐱",
        "stage: regress",
        "inputs: { masks: masks }",
        "matrix: { prompt: [p1] }",
        "  ",
        "\r",
        "\r\n",
        "trainer: sdca",
        "stages:",
        "data: &a",
        ": :",
        "- - -",
        "name: *a",
    ];

    private static ReadResult Read(string text, params string[] overrides)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        ReadResult result = ExperimentReader.Parse(
            text,
            "f.yaml",
            "/",
            overrides,
            new Dictionary<string, string>(),
            PathRule.MayBeMissing
        );
        clock.Elapsed.Should().BeLessThan(TimeSpan.FromMinutes(2));
        (GC.GetAllocatedBytesForCurrentThread() - before)
            .Should()
            .BeLessThan((64 << 20) + (400L * text.Length) + (result.Experiments.Count * 500_000L));
        result.Ok.Should().Be(result.Experiments.Count > 0);
        Assert.All(
            result.Errors,
            e =>
                Assert.True(
                    e.ToString().Length < 4000 && !e.ToString().Contains('\n', StringComparison.Ordinal),
                    e.ToString()
                )
        );
        return result;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_mutated_spec_gives_a_result(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 500; i++)
        {
            var text = new StringBuilder(Specs.Quickstart);
            for (int edits = random.Next(1, 6); edits > 0; edits--)
            {
                int at = random.Next(text.Length);
                switch (random.Next(4))
                {
                    case 0:
                        text.Remove(at, Math.Min(random.Next(1, 20), text.Length - at));
                        break;
                    case 1:
                        text.Insert(at, Pieces[random.Next(Pieces.Length)]);
                        break;
                    case 2:
                        text[at] = (char)random.Next(0x20, 0x7F);
                        break;
                    default:
                        int from = random.Next(text.Length);
                        text.Insert(at, text.ToString(from, Math.Min(random.Next(1, 60), text.Length - from)));
                        break;
                }
                if (text.Length == 0)
                {
                    text.Append(' ');
                }
            }
            Read(
                text.ToString(),
                random.Next(5) == 0 ? ["stages.masks.count=" + Pieces[random.Next(Pieces.Length)]] : []
            );
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void Random_pieces_of_YAML_give_a_result(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 1000; i++)
        {
            Read(
                string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => Pieces[random.Next(Pieces.Length)]))
            );
        }
    }

    [Fact]
    public void Random_bytes_give_a_result()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(21);
        for (int i = 0; i < 200; i++)
        {
            byte[] bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            string file = Path.Combine(folder.Path, "f.yaml");
            File.WriteAllBytes(file, bytes);
            ExperimentReader.Read(file).Ok.Should().BeFalse();
        }
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("- ")]
    [InlineData("a: ")]
    [InlineData("a:\n ")]
    [InlineData("? ")]
    [InlineData("\"")]
    [InlineData("'")]
    [InlineData("&a ")]
    [InlineData("!a ")]
    [InlineData("#")]
    [InlineData("\n")]
    [InlineData("x")]
    [InlineData("${")]
    [InlineData("---\n")]
    [InlineData("a: b\n")]
    [InlineData("[a, ")]
    [InlineData("{a: ")]
    [InlineData(": ")]
    [InlineData("| ")]
    [InlineData("\\")]
    [InlineData("%")]
    public void A_megabyte_of_one_piece_gives_a_result(string piece) =>
        Read(string.Concat(Enumerable.Repeat(piece, (1 << 20) / piece.Length)));

    [Fact]
    public void Aliases_that_stand_for_billions_of_values_are_refused()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 20; i++)
        {
            text.Append("a" + i + ": &a" + i + " [" + string.Join(", ", Enumerable.Repeat("*a" + (i - 1), 10)) + "]\n");
        }

        Read(text.ToString()).Errors.Should().ContainSingle().Which.Message.Should().Contain("aliases");
    }

    [Fact]
    public void Many_errors_are_cut_at_a_hundred()
    {
        string text = Specs.Quickstart + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"unknown{i}: 1\n"));
        Read(text)
            .Errors.Should()
            .HaveCount(101)
            .And.Subject.Last()
            .Message.Should()
            .Be("there are more errors: these first");
    }

    [Fact]
    public void A_large_matrix_of_a_large_spec_is_read_in_time()
    {
        string axis = "[" + string.Join(", ", Enumerable.Range(1, 31)) + "]";
        Read(Specs.Quickstart + $"matrix: {{ seed: {axis}, stages.baseline.images: {axis} }}\n", "engine.batch=3")
            .Errors.Should()
            .BeEmpty();
    }
}
