using FluentAssertions;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

public sealed class CiteSectionTests
{
    [Fact]
    public void The_page_names_the_paper_and_the_run_by_what_makes_it_again()
    {
        ReportData data = MadeUpReport.Of(samples: 3, masks: 50) with { Name = "my run", SpecDigest = "0123abcd" };

        string page = CiteSection.Of(Findings.Of(data)),
            run = CiteSection.Run(Findings.Of(data));

        page.Should().Contain("Kim, Jinyeong").And.Contain("2509.17588").And.Contain("id=\"cite-run\"");
        run.Should().StartWith("@misc{run-my-run,\n").And.EndWith("\n}").And.Contain("0123abcd");
        run.Should().Contain(data.Model.Name).And.Contain("3 samples");
        run.Should().MatchRegex(@"Pipelines [0-9]+\.[0-9]+\.[0-9]+");
    }

    [Theory]
    [InlineData("50%_of & #1 {a} $x$ ~ ^ \\end")]
    [InlineData("}}, evil = {")]
    public void What_TeX_would_take_as_a_command_is_a_letter_and_braces_stay_in_pairs(string name)
    {
        string run = CiteSection.Run(Findings.Of(MadeUpReport.Of(samples: 2, masks: 50) with { Name = name }));

        run.Count(c => c == '{').Should().Be(4).And.Be(run.Count(c => c == '}'));
        run.Split('\n')[1].Should().NotMatchRegex(@"(?<!\\)[%&#_$]").And.NotContain("~").And.NotContain("^");
        run.Split('\n')[0].Should().MatchRegex("^@misc{[A-Za-z0-9-]+,$");
    }
}
