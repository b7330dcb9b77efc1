using System.Reflection;
using FluentAssertions;
using Pipelines.Stages.Comparison;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>A figure is found by its attribute: none is listed, and none can be forgotten.</summary>
public sealed class FiguresTests
{
    private static readonly FigureAttribute[] All =
    [
        .. typeof(FigureAttribute)
            .Assembly.GetTypes()
            .Select(t => t.GetCustomAttribute<FigureAttribute>())
            .OfType<FigureAttribute>(),
    ];

    [Fact]
    public void Every_class_with_the_attribute_is_drawn_in_what_is_approved()
    {
        Findings findings = Findings.Of(MadeUpWhole.Of());
        Figures
            .Of(findings)
            .Select(f => f.Name)
            .Should()
            .BeEquivalentTo(Figures.PlacesOf<Findings>().Select(p => p.Name))
            .And.HaveCountGreaterThan(20);
        Figures.TablesOf(findings).Should().HaveCount(3);
        All.Should()
            .HaveCount(
                Figures.PlacesOf<Findings>().Count()
                    + Figures.TablesOf(findings).Count
                    + Figures.PlacesOf<OverviewData>().Count()
                    + Figures.PlacesOf<ComparedFits>().Count()
                    + Figures.PlacesOf<ComparedScans>().Count()
                    + Figures.PlacesOf<ManyRuns>().Count(),
                "each is of one of these pages"
            );
    }

    [Fact]
    public void No_two_share_a_name_nor_a_place()
    {
        All.Select(p => p.Name).Should().OnlyHaveUniqueItems();
        Figures.PlacesOf<Findings>().Select(p => (p.Section, p.Order)).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void A_figure_without_data_is_left_out_of_page_contents_and_files()
    {
        Findings findings = Findings.Of(MadeUpReport.Of(4, 4, samples: 3, masks: 50));
        IReadOnlyList<Figure> drawn = Figures.Of(findings);
        string page = HtmlReport.Page(findings, drawn);

        drawn.Should().NotBeEmpty();
        foreach (FigureAttribute place in Figures.PlacesOf<Findings>())
        {
            bool isDrawn = drawn.Any(f => f.Name == place.Name);
            page.Contains($"href=\"#{place.Name}\"").Should().Be(isDrawn, place.Name);
            page.Contains($"<figure id=\"{place.Name}\"").Should().Be(isDrawn, place.Name);
            page.Contains($"figures/{place.Name}.csv").Should().Be(isDrawn, place.Name);
        }
    }
}
