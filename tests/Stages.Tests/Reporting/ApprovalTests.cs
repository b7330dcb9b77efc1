using System.Globalization;
using FluentAssertions;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>Every figure and every page, whole.</summary>
public sealed class ApprovalTests
{
    private const int RowsHeld = 40;

    private static readonly Approved Texts = new(Golden.RepositoryRoot(), "tests/Stages.Tests/Reporting/Approved");
    private static readonly Lazy<IReadOnlyList<Figure>> Whole = new(() => Figures.Of(Findings.Of(MadeUpWhole.Of())));
    private static readonly string[] Pages = ["page", "page-published", "page-answers", "page-overview"];

    public static TheoryData<string> Names => [.. Whole.Value.Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_figure_is_the_one_that_was_accepted(string name) =>
        Texts.Hold(name, Told(Whole.Value.Single(f => f.Name == name)));

    [Fact]
    public void The_page_is_the_one_that_was_accepted() => Hold("page", MadeUpWhole.Of());

    [Fact]
    public void The_page_of_a_model_that_the_paper_has_and_of_fits_that_did_not_converge() =>
        Hold(
            "page-published",
            MadeUpReport
                .Of(4, 6, samples: 3, masks: 40, model: "llava-1.5-7b-hf")
                .With([Convergence.Of("attribution", [(3, false), (1, true), (7, false)])])
        );

    [Fact]
    public void The_page_of_answers_alone()
    {
        Hold("page-answers", MadeUpReport.Of(4, 6, samples: 3, masks: 40).AnswersAlone());
    }

    [Fact]
    public void The_overview_is_the_one_that_was_accepted()
    {
        string folder = Directory.CreateTempSubdirectory("overview").FullName;
        try
        {
            OverviewPage.Write(Overview(), folder);
            string page = File.ReadAllText(Path.Combine(folder, OverviewPage.PageName));
            string figures = string.Concat(Figures.Of(Overview()).Select(Told));
            Texts.Hold("page-overview", Approved.WithoutDrawings(page) + figures);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Nothing_is_accepted_that_nothing_is_held_against() =>
        Texts.Names.Should().BeEquivalentTo(Whole.Value.Select(f => f.Name).Concat(Pages));

    /// <summary>A figure as one text: words, data, both drawings.</summary>
    internal static string Told(Figure figure)
    {
        Drawing shown = figure.Drawing;
        FigureTable data = shown.Table with
        {
            Rows = [.. shown.Table.Rows.Take(RowsHeld).Select(row => (IReadOnlyList<object?>)[.. row.Select(Short)])],
        };
        string csv = data.ToCsv().Replace("\r\n", "\n", StringComparison.Ordinal);
        return Approved.WithoutPictures(
            $"{figure.Name}, {figure.Place.Paper}\n{shown.Title}\n\n{shown.Shows}\n\n{shown.Reading}\n\n"
                + $"{shown.Table.Rows.Count} rows\n{csv}\n"
                + $"{shown.Draw(Drawing.Wide, "wide")}\n{shown.Draw(Drawing.Narrow, "narrow")}"
        );
    }

    /// <summary>The last digits are the machine's own: its exponentials and logarithms.</summary>
    private static object? Short(object? cell) =>
        cell is double value && double.IsFinite(value) ? value.ToString("G9", CultureInfo.InvariantCulture) : cell;

    private static void Hold(string name, ReportData data)
    {
        Findings findings = Findings.Of(data);
        string page = HtmlReport.Page(findings, Figures.Of(findings));
        string numbers = string.Concat(KeyNumbers.Of(findings).Select(n => Numbers(n) + "\n"));
        Texts.Hold(name, Approved.WithoutDrawings(page) + "\n" + numbers);
    }

    private static string Numbers(KeyNumber n) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{n.Quantity} {n.Criterion} {n.Value.Mean:G9} {n.Value.Low:G9} {n.Value.High:G9} {n.Value.Count} "
                + $"{n.NotReached} {n.Paper} {n.PaperDeviation}"
        );

    private static OverviewData Overview()
    {
        static OverviewExperiment Of(string name, int layers, int samples, string model)
        {
            ReportData made = MadeUpReport.Of(layers, 6, samples, masks: 40, model: model);
            var findings = Findings.Of(MadeUpAnalyses.With(made, perObject: 1));
            return new OverviewExperiment(
                name,
                $"{name}/report.html",
                model,
                6 * layers,
                samples,
                KeyNumbers.Of(Findings.Of(made))
            )
            {
                Family = "LLaVA-1.5",
                Parts = OverviewParts.Of(findings),
            };
        }
        static OverviewExperiment OfWorth(string name, int heads)
        {
            ReportData data = MadeUpReport.Of(4, heads / 4, samples: 6, masks: 40).AnswersAlone();
            ReportTables worth = new MadeUpWorth().AddTo(data.Tables, SampleResult.Of(data));
            var numbers = KeyNumbers.Of(Findings.Of(data with { Tables = worth }));
            return new OverviewExperiment(name, $"{name}/report.html", "micro-llava", heads, 6, numbers);
        }

        return new OverviewData(
            "models",
            "dotnet run --project src/Host experiments/models.yaml",
            [
                Of("one", 4, 5, "llava-1.5-7b-hf"),
                Of("two", 7, 6, "micro-llava"),
                new OverviewExperiment("three", "three/report.html", "micro-qwen2vl", 16, 0, []),
                OfWorth("four", 64),
                OfWorth("five", 144),
            ]
        );
    }
}
