using FluentAssertions;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

public sealed class ConvergenceTests
{
    [Fact]
    public void Fits_that_did_not_converge_are_said_in_words_and_on_the_page()
    {
        var some = Convergence.Of("fit", [(3, false), (1, true), (7, false)]);
        ReportData data = MadeUpReport.Of(samples: 3, masks: 50).With([some]);
        Findings findings = Findings.Of(data);

        some.Words.Should().StartWith("2 of 3 fits did not converge within 7 sweeps");
        HtmlReport
            .Page(findings, Figures.Of(findings))
            .Should()
            .Contain("class=\"warning\"")
            .And.Contain("2 of 3 fits did not converge");
        FitFigure.Of(findings)!.Shows.Should().Contain("fit: 2 of 3 fits did not converge");
    }

    [Fact]
    public void Where_all_converged_nothing_is_said()
    {
        var all = Convergence.Of("fit", [(3, true), (1, true)]);
        Findings findings = Findings.Of(MadeUpReport.Of(samples: 3, masks: 50).With([all]));

        all.Words.Should().BeNull();
        HtmlReport
            .Page(findings, Figures.Of(findings))
            .Should()
            .NotContain("class=\"warning\"")
            .And.NotContain("converge");
    }
}
