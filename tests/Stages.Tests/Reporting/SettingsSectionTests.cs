using FluentAssertions;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

public sealed class SettingsSectionTests
{
    [Fact]
    public void Settings_at_their_default_are_folded_whatever_is_noted_of_them()
    {
        SettingRow[] settings =
        [
            new("seed", "7", false, "A note."),
            new("prompt", "default", true, "Another note."),
            new("logit_mean", "rows", true),
        ];

        string html = SettingsSection.Of(MadeUpReport.Of(samples: 2, masks: 50) with { Settings = settings });

        int fold = html.IndexOf("<details>", StringComparison.Ordinal);
        fold.Should().BePositive();
        html[..fold].Should().Contain(">seed<").And.NotContain(">prompt<").And.NotContain("mean<");
        html[fold..]
            .Should()
            .Contain("<summary>2 settings at their defaults</summary>")
            .And.Contain(">prompt<")
            .And.Contain("Another note.")
            .And.NotContain(">seed<");
    }

    [Fact]
    public void Where_nothing_is_at_its_default_nothing_is_folded() =>
        SettingsSection
            .Of(MadeUpReport.Of(samples: 2, masks: 50) with { Settings = [new("seed", "7", false)] })
            .Should()
            .NotContain("<details>");
}
