using System.Text;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Fuzz;
using Pipelines.Fuzz.Mutators;
using Pipelines.Fuzz.Targets;
using Xunit;

namespace Pipelines.Host.Tests.Fuzzing;

/// <summary>The harness itself: what it makes is made again, and what breaks the law is seen.</summary>
[Collection(AloneInTheProcess.Name)]
public sealed class HarnessTests
{
    /// <summary>Readers whose seeds cost nothing.</summary>
    private static readonly Target[] Quick =
    [
        .. new[]
        {
            "spec",
            "config-llava-1.5-7b-hf",
            "safetensors",
            "coco",
            "labels",
            "png",
            "jpeg",
            "tokenizer.model-sentencepiece",
            "table-samples",
        }.Select(AllTargets.One),
    ];

    [Fact]
    public void An_input_is_a_function_of_seed_target_and_number()
    {
        foreach (Target target in Quick)
        {
            long[] numbers = [target.Seeds.Count, target.Seeds.Count + 7, target.Seeds.Count + 4711];
            byte[][] forwards = [.. numbers.Select(n => Inputs.Make(target, 5, n))],
                backwards = [.. numbers.Reverse().Select(n => Inputs.Make(target, 5, n)).Reverse()];
            backwards.Should().BeEquivalentTo(forwards, o => o.WithStrictOrdering(), target.Name);
            numbers
                .Count(n => !Inputs.Make(target, 6, n).AsSpan().SequenceEqual(Inputs.Make(target, 5, n)))
                .Should()
                .BePositive("another seed makes other inputs");
        }
    }

    [Fact]
    public void Every_reader_reads_its_sound_files()
    {
        var law = new Law();
        foreach (Target target in AllTargets.All.Where(t => t is not (WholeRunTarget or RunTarget)))
        {
            foreach (byte[] seed in target.Seeds)
            {
                law.Judge(target, seed, mustBeRead: target.ReadsSeeds)
                    .Should()
                    .Match<Verdict>(v => v.Outcome != Outcome.Broken, "{0} reads its seeds", target.Name);
            }
        }
    }

    [Fact]
    public void Mutators_leave_their_input_alone_and_get_behind_checksums_and_lengths()
    {
        foreach (Target target in Quick)
        {
            byte[] before = [.. target.Seeds[0]];
            var outcomes = new HashSet<Outcome>();
            var law = new Law();
            for (int n = 0; n < 60; n++)
            {
                byte[] input = Inputs.Make(target, 3, target.Seeds.Count + n);
                outcomes.Add(law.Judge(target, input).Outcome);
            }

            target.Seeds[0].Should().Equal(before, target.Name);
            outcomes
                .Should()
                .BeEquivalentTo(
                    [Outcome.Read, Outcome.Refused],
                    "damage of {0} is sometimes harmless and sometimes not",
                    target.Name
                );
        }
    }

    [Theory]
    [InlineData("throw", "FormatException in Pipelines.Host.Tests.Fuzzing.HarnessTests.Deed.Read")]
    [InlineData("allocate", "memory")]
    [InlineData("refuse", "")]
    [InlineData("return", "")]
    public void What_breaks_the_law_is_seen(string how, string kind)
    {
        Verdict verdict = new Law().Judge(new Deed(), Encoding.UTF8.GetBytes(how));
        (verdict.Outcome == Outcome.Broken ? verdict.Kind : "").Should().Be(kind);
    }

    [Fact]
    public void A_sound_file_that_is_refused_is_seen() =>
        new Law().Judge(new Deed(), "refuse"u8.ToArray(), mustBeRead: true).Kind.Should().Be("sound file");

    [Fact]
    public void A_finding_is_cut_down_to_what_shows_it()
    {
        byte[] json = Encoding.UTF8.GetBytes(
            $"{{\"a\": [{string.Join(",", Enumerable.Range(0, 500))}], \"b\": {{\"c\": {{\"bad\": null}}, \"d\": "
                + $"\"text\"}}}}"
        );
        bool Shows(byte[] input) =>
            Encoding.UTF8.GetString(input).Contains("\"bad\":", StringComparison.Ordinal)
            && JsonPiece.Parse(input) is not null;
        Encoding.UTF8.GetString(new Minimiser(AllTargets.One("coco"), Shows).Cut(json)).Length.Should().BeLessThan(30);
    }

    [Fact]
    public void Structured_formats_come_back_as_they_were()
    {
        foreach (byte[] png in AllTargets.One("png").Seeds)
        {
            PngChunks.Write(PngChunks.Parse(png)).Should().Equal(png);
        }

        byte[] model = AllTargets.One("tokenizer.model-sentencepiece").Seeds[0];
        ProtobufFields.Write(ProtobufFields.Parse(model)!).Should().Equal(model);
        byte[] json = """{"a":[1,2.50,"é\u00e9",null,{"b":true,"b":false}],"":""}"""u8.ToArray();
        JsonPiece.Parse(json)!.ToBytes().Should().Equal(json);
    }

    /// <summary>A reader that does what its file says.</summary>
    private sealed class Deed() : Target("deed", "deed", new BytesMutator())
    {
        public override long? Read(byte[] input) =>
            Encoding.UTF8.GetString(input) switch
            {
                "throw" => throw new FormatException("unforeseen"),
                "allocate" => Allocated(),
                "refuse" => throw new InputException("deed", "is refused."),
                _ => 0,
            };

        protected override IReadOnlyList<byte[]> MakeSeeds() => ["return"u8.ToArray()];

        private static long Allocated()
        {
            GC.KeepAlive(new byte[100 << 20]);
            return 0;
        }
    }
}
