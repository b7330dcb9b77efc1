using FluentAssertions;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>What the page says of where results come from.</summary>
public sealed class ProvenanceBlockTests
{
    private static readonly DateTime Noon = new(2026, 3, 4, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void A_page_is_filled_where_it_was_left_open_and_nowhere_else()
    {
        string page = ProvenanceBlock.Fill(
            $"<p>before</p>{ProvenanceBlock.Place}<p>after</p>",
            Record(2),
            "../run.json"
        );
        page.Should().StartWith("<p>before</p><h3").And.EndWith("<p>after</p>").And.NotContain(ProvenanceBlock.Place);
        page.Should().Contain("href=\"../run.json\"").And.Contain("commit 0123abc").And.Contain("2026-03-04 12:00 UTC");
        ProvenanceBlock.Fill("<p>no place</p>", Record(2), "run.json").Should().Be("<p>no place</p>");
    }

    [Fact]
    public void Times_are_those_of_when_units_were_computed_and_say_where_and_what_was_cached()
    {
        string page = ProvenanceBlock.Fill(ProvenanceBlock.Place, Record(2), "run.json");
        page.Should().Contain("computed in 40 s on machine 1, 50.0 masks/s, 2026-03-04 12:00 (cached)");
        page.Should().Contain("computed in 1.50 s on machine 2, 667 masks/s, 2026-03-04 12:00 (1 of them cached)");
        page.Should().Contain("alpha: a processor; a system; cpu; 4 threads<").And.Contain("beta: a processor");
    }

    [Fact]
    public void One_machine_has_no_number()
    {
        string page = ProvenanceBlock.Fill(ProvenanceBlock.Place, Record(1), "run.json");
        page.Should().Contain("computed in 40 s on cpu, ").And.NotContain("machine 1");
    }

    [Fact]
    public void A_record_reads_as_it_was_written() =>
        RunRecord.FromJson(Record(2).ToJson()).Should().BeEquivalentTo(Record(2));

    private static RunRecord Record(int machines)
    {
        Maker[] makers =
        [
            .. new[] { "alpha", "beta" }
                .Take(machines)
                .Select(name => new Maker(
                    "0.1.0",
                    "0123abc",
                    name,
                    "a processor",
                    "a system",
                    "cpu",
                    4,
                    1,
                    new Dictionary<string, string> { ["torchsharp"] = "1" }
                )),
        ];
        Computed[] computed =
        [
            .. new Computed[]
            {
                new(0, 8, 8, 2000, Noon, Noon, 40, 80, 50),
                new(1, 4, 1, 1000, Noon, Noon, 1.5, 1.5, 666.667),
            }.Take(machines),
        ];
        return new RunRecord(
            "made up",
            "run it",
            "0.1.0",
            "0123abc",
            Noon,
            new RecordedFile("experiment.yaml", 1, "aa"),
            [new RecordedFile("model.safetensors", 12, "bb")],
            [],
            new RecordedPictures(1, "cc", [new RecordedFile("x.jpg", 3, "dd")]),
            makers,
            [new StageRecord("forward", "forward-passes", 3, 12, 3000, "masks", computed)]
        );
    }
}
