using FluentAssertions;
using Pipelines.Fuzz;
using Pipelines.Fuzz.Targets;
using Xunit;

namespace Pipelines.Host.Tests.Fuzzing;

/// <summary>
/// What fuzzing once found, cut down, in tests/Fuzz/Kept/FORMAT: every reader of the format keeps the law on it.
/// </summary>
[Collection(AloneInTheProcess.Name)]
public sealed class KeptFindingsTests
{
    private static readonly string Kept = Path.Combine(Scratch.Repository, "tests", "Fuzz", "Kept");

    public static TheoryData<string, string> Pairs()
    {
        var pairs = new TheoryData<string, string>();
        foreach (Target target in AllTargets.All)
        {
            string folder = Path.Combine(Kept, target.Format);
            if (!Directory.Exists(folder))
            {
                continue;
            }

            foreach (string file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
            {
                pairs.Add(target.Name, Path.GetRelativePath(Kept, file));
            }
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_reader_reads_what_was_once_found_or_refuses_it_in_words(string reader, string file)
    {
        Verdict verdict = new Law().Judge(AllTargets.One(reader), File.ReadAllBytes(Path.Combine(Kept, file)));
        verdict.Outcome.Should().NotBe(Outcome.Broken, "{0}: {1}", verdict.Kind, verdict.Detail);
    }

    [Fact]
    public void Every_kept_file_has_a_reader() =>
        Directory
            .EnumerateDirectories(Kept)
            .Select(d => Path.GetFileName(d))
            .Should()
            .BeSubsetOf(AllTargets.All.Select(t => t.Format));
}
