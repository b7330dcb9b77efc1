using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// Pictures that cannot be used are left out by every stage with the reason, and their names are shown so that they can
/// do no harm.
/// </summary>
public sealed class PictureTests
{
    private const string BaselineOf3 = "baseline: { stage: collect-mean-kv, images: 3 }";

    [Fact]
    public void A_picture_that_cannot_be_read_is_left_out_by_every_stage_until_it_can_be()
    {
        using var experiment = new SmallExperiment();
        string pictures = experiment.FolderOfPictures("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg");
        Dictionary<string, byte[]> sound = Directory.EnumerateFiles(pictures).ToDictionary(f => f, File.ReadAllBytes);
        foreach (var (file, bytes) in sound)
        {
            File.WriteAllBytes(file, Path.GetFileName(file) is "b.jpg" or "d.jpg" ? bytes[..200] : bytes);
        }

        File.WriteAllText(Path.Combine(pictures, "notes.txt"), "no picture");
        Write(experiment, pictures, BaselineOf3);

        string output = experiment.Run();

        output
            .Should()
            .Contain("3 answered, none judged: no labels; 2 pictures could not be asked about")
            .And.Contain("passed over 1 file that is no picture (notes.txt)");
        Rows(experiment, "baseline").Should().HaveCountGreaterThanOrEqualTo(3);
        Rows(experiment, "baseline")
            .Where(r => r[0].Length > 0)
            .Select(r => r[1])
            .Should()
            .BeEquivalentTo("a.jpg", "c.jpg", "e.jpg");
        Rows(experiment, "baseline")
            .Where(r => r[0].Length == 0)
            .Should()
            .OnlyContain(r => r[2].StartsWith("the picture is damaged", StringComparison.Ordinal));
        HostProcess.Run(["check", .. experiment.Arguments()]).Output.Should().Contain("All checks passed");
        experiment.Run().Should().Contain("Nothing to do");

        foreach (var (file, bytes) in sound)
        {
            File.WriteAllBytes(file, bytes);
        }

        experiment.Run().Should().Contain("5 answered, none judged: no labels");
        string[] now = [.. Rows(experiment, "baseline").Select(r => r[1])];
        now.Should().HaveCount(3);
        using var fresh = new SmallExperiment();
        Write(fresh, pictures, BaselineOf3);
        fresh.Run();
        Rows(fresh, "baseline").Select(r => r[1]).Should().Equal(now);
        fresh.TableBytes().Should().BeEquivalentTo(experiment.TableBytes());
    }

    [Fact]
    public void Too_few_pictures_that_can_be_used_for_a_baseline_are_refused_before_anything_runs()
    {
        using var experiment = new SmallExperiment();
        string pictures = experiment.FolderOfPictures("a.jpg", "b.jpg", "c.jpg");
        File.WriteAllText(Path.Combine(pictures, "b.jpg"), "");
        Write(experiment, pictures, BaselineOf3);

        experiment
            .Refusal()
            .Should()
            .Contain("only 2 of 3 pictures can be used")
            .And.Contain("the picture is empty")
            .And.Contain("Set images: 2");
    }

    [Fact]
    public void Listed_pictures_that_are_not_on_disk_are_left_out_and_named_in_samples()
    {
        using var experiment = new SmallExperiment();
        string pictures = experiment.FolderOfPictures("a.jpg", "b.jpg", "c.jpg", "d.jpg");
        string labels = Path.Combine(pictures, "labels.csv");
        File.WriteAllText(labels, "file,category\n" + string.Concat("abcdef".Select(c => $"{c}.jpg,thing\n")));
        Write(
            experiment,
            pictures,
            BaselineOf3,
            $", labels: {labels}",
            "answers: { stage: answer-questions, keep: 9, answer: { synonyms: { thing: [" + Words + "] } } }"
        );

        string plan = HostProcess.Run(["plan", .. experiment.Arguments()]).Output;
        plan.Should().Contain("2 of 6 pictures are not on disk");
        experiment.Run().Should().Contain("2 pictures could not be asked about");
        Rows(experiment, "samples")
            .Where(r => r[^1] == "the picture is not on disk")
            .Select(r => r[1])
            .Should()
            .BeEquivalentTo("e.jpg", "f.jpg");
        Rows(experiment, "baseline").Where(r => r[0].Length > 0).Should().HaveCount(3);

        experiment
            .Refusal("--set", "data.missing=0.2")
            .Should()
            .Contain("lacks 2 of the 6 pictures")
            .And.Contain("33.3 %; data.missing allows 20 %");
    }

    [Fact]
    public void Names_that_would_move_the_cursor_or_forge_a_line_are_quoted_wherever_a_person_reads_them()
    {
        string[] names =
        [
            "red\u001b[31m.jpg",
            "right\u202egpj.jpg",
            "two\nlines.jpg",
            "zero\u200bwidth.jpg",
            "broken\u001b]0;title\a.jpg",
        ];
        using var experiment = new SmallExperiment();
        string pictures = experiment.FolderOfPictures(names);
        File.WriteAllText(Path.Combine(pictures, names[4]), "no picture");
        File.WriteAllText(Path.Combine(pictures, "note\u001b[2J.txt"), "no picture");
        Write(experiment, pictures, "baseline: { stage: collect-mean-kv, kind: zero }");

        string output = experiment.Run();
        string shown = string.Concat(
            output,
            HostProcess.Run(["plan", .. experiment.Arguments()]).Output,
            HostProcess.Run(["explain", "forward/", "--spec", .. experiment.Arguments()]).Output,
            File.ReadAllText(Path.Combine(experiment.RunFolder, "log.txt")),
            File.ReadAllText(Path.Combine(experiment.RunFolder, "plan.txt")),
            File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"))
        );

        shown.Should().NotContainAny("\u001b", "\u202e", "\u200b", "\a", "two\nlines");
        shown
            .Should()
            .ContainAll(
                @"red\u001b[31m.jpg",
                @"right\u202egpj.jpg",
                @"two\nlines.jpg",
                @"zero\u200bwidth.jpg",
                @"note\u001b[2J.txt"
            );
        File.ReadAllText(Path.Combine(experiment.RunFolder, "tables", "samples.csv")).Should().ContainAll(names);
    }

    private const string Words = "circle, square, star, triangle, dog, cat, car, person, grapes, apple";

    private static void Write(
        SmallExperiment experiment,
        string pictures,
        string baseline,
        string labels = "",
        string answers = "answers: { stage: answer-questions, keep: 9 }"
    ) =>
        File.WriteAllText(
            experiment.Spec,
            $$"""
            name: small
            model: { path: {{experiment.Model}}, device: cpu }
            data: { kind: folder, images: {{pictures}}{{labels}} }
            stages:
              {{answers}}
              {{baseline}}
              masks: { stage: sample-masks, count: 20 }
              forward: { stage: forward-passes, min_gap: 0.0000001 }
              report: { stage: report }

            """
        );

    /// <summary>Rows of a CSV whose fields hold no comma.</summary>
    private static List<string[]> Rows(SmallExperiment experiment, string table) =>
        [
            .. File.ReadLines(Path.Combine(experiment.RunFolder, "tables", table + ".csv"))
                .Skip(1)
                .Select(line => line.Split(',')),
        ];
}
