using FluentAssertions;
using Microsoft.Playwright;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tests.Reporting;
using Xunit;

namespace Pipelines.Browser.Tests;

/// <summary>The order of what the explorer lists, and what it says of it.</summary>
[Collection(BrowserTests.Name)]
public sealed class ExplorerListsTests(Chromium chromium)
{
    /// <summary>Samples whose x* is not reached, one of them the first.</summary>
    private static readonly string[] Unreached = ["000000", "000005"];

    private static readonly Lazy<(Findings Findings, string Page)> Partly = new(() =>
    {
        var findings = Findings.Of(
            MadeUpWhole
                .Of()
                .Each<ValidationRow>(r => Unreached.Contains(r.SampleId) ? r with { Faithfulness = 0.1 } : r)
        );
        return (findings, RunPages.WriteWithScript(findings, "partly reached").Page);
    });

    [BrowserTheory]
    [InlineData("sort=needed", false)]
    [InlineData("sort=needed&up=0", false)]
    [InlineData("sort=needed&up=1", true)]
    public async Task What_is_not_known_is_listed_last_whichever_way_the_rest_is_sorted(string sort, bool rises)
    {
        var (findings, page) = Partly.Value;
        IReadOnlyDictionary<string, double> needed = findings.Criterion(Criteria.HeadAttribution)!.Faithful.BySample;
        needed.Keys.Should().NotContain(Unreached).And.HaveCount(findings.Samples.Count - Unreached.Length);
        await using OpenPage open = await chromium.OpenAsync(page);

        string[] ids = await Listed(open, sort);

        IEnumerable<SampleResult> known = findings.Samples.Where(s => needed.ContainsKey(s.SampleId));
        known = rises ? known.OrderBy(s => needed[s.SampleId]) : known.OrderByDescending(s => needed[s.SampleId]);
        ids.Should().Equal([.. known.Select(s => s.SampleId), .. Unreached]);
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task Every_way_to_sort_has_a_direction_of_its_own_and_ascending_is_from_the_least()
    {
        var (findings, page) = Partly.Value;
        IEnumerable<string> Ids(IEnumerable<SampleResult> samples) => samples.Select(s => s.SampleId);
        var bySeed = Ids(findings.Samples).ToList();
        var byAnswer = Ids(findings.Samples.OrderBy(s => s.Answer, StringComparer.Ordinal)).ToList();
        var fromZ = Ids(findings.Samples.OrderByDescending(s => s.Answer, StringComparer.Ordinal)).ToList();
        var byR2 = Ids(findings.Samples.OrderBy(s => Math.Round(s.R2, 4))).ToList();
        var byBeta = Ids(findings.Samples.OrderByDescending(s => s.Beta[8])).ToList();
        await using OpenPage open = await chromium.OpenAsync(page);
        ILocator ascending = open.Page.Locator("#explorer input[type=checkbox]");

        (await Listed(open, "")).Should().Equal(bySeed);
        (await Listed(open, "up=1")).Should().Equal(bySeed);
        (await Listed(open, "sort=r2&up=1")).Should().Equal(byR2);
        (await Listed(open, "by=1.2")).Take(5).Should().Equal(byBeta.Take(5));
        (await ascending.IsCheckedAsync()).Should().BeFalse();
        (await Listed(open, "sort=answer")).Should().Equal(byAnswer);
        (await ascending.IsCheckedAsync()).Should().BeTrue("answers stand from A to Z where nothing else is said");
        (await Listed(open, "sort=answer&up=1")).Should().Equal(byAnswer);
        await ascending.UncheckAsync();
        open.Page.Url.Should().EndWith("up=0");
        (await Listed(open)).Should().Equal(fromZ);
        await open.Page.ReloadAsync();
        (await Listed(open)).Should().Equal(fromZ);
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task The_first_sample_beside_another_is_the_one_that_is_chosen()
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        ILocator beside = open.Page.Locator("#explorer .steps select");

        await open.GoAsync("sample=000001&with=000000");

        (await beside.InputValueAsync()).Should().Be("000000");
        await beside.SelectOptionAsync("");
        await open.Page.WaitForFunctionAsync("!document.querySelector('#explorer .two')");
        (await beside.InputValueAsync()).Should().BeEmpty();
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task The_nearest_objects_stand_in_order_and_one_without_any_beta_last()
    {
        // An object between others whose betas are all zero has no cosine
        ReportData made = MadeUpWhole.Of();
        ILookup<string, string> objects = made.Samples.ToLookup(s => s.SampleId, s => s.Category);
        ReportData data = made.Each<AttributionRow>(r => objects[r.SampleId].Contains("bus") ? r with { Beta = 0 } : r);
        await using OpenPage open = await chromium.OpenAsync(
            RunPages.WriteWithScript(Findings.Of(data), "an object without beta").Page
        );

        await open.GoAsync("object=dog");

        ILocator rows = open.Page.Locator("#explorer .panel", new() { HasTextString = "Nearest" }).Locator("tr");
        IReadOnlyList<string> names = await rows.Locator("td:first-child").AllInnerTextsAsync(),
            cosines = await rows.Locator("td.n").AllInnerTextsAsync();
        names.Should().BeEquivalentTo("cat", "pizza", "bus").And.HaveElementAt(2, "bus");
        cosines.Should().HaveElementAt(2, "–");
        string.CompareOrdinal(cosines[0], cosines[1]).Should().BePositive();
        open.Errors.Should().BeEmpty();
    }

    [BrowserFact]
    public async Task A_head_states_its_share_of_the_samples_that_have_an_x_and_what_is_lost_without_it_alone()
    {
        var (findings, page) = Partly.Value;
        int n = Findings.Ranking([.. findings.MeanBeta!.Cast<double>()]).First();
        var (layer, head) = (n / findings.Data.Model.Heads, n % findings.Data.Model.Heads);
        await using OpenPage open = await chromium.OpenAsync(page);

        await open.GoAsync($"head={layer}.{head}");

        string facts = await open.Page.InnerTextAsync("#explorer .facts");
        facts
            .Should()
            .Contain(
                $"{Format.Percent(findings.Frequency![layer, head])} of the {findings.Selected} samples that have one"
            )
            .And.Contain("ablated alone, mean 1 − φ")
            .And.Contain(Format.Fixed(findings.Samples.Average(s => s.SingleHead[n]), 4))
            .And.NotContain("δ");
        findings.Selected.Should().Be(findings.Samples.Count - Unreached.Length);
        open.Errors.Should().BeEmpty();
    }

    private static async Task<string[]> Listed(OpenPage open, string? how = null)
    {
        if (how is not null)
        {
            await open.GoAsync("browse=&" + how);
        }

        IReadOnlyList<ILocator> links = await open.Page.Locator("#explorer .cards a").AllAsync();
        return await Task.WhenAll(links.Select(async a => (await a.GetAttributeAsync("href"))!["#sample=".Length..]));
    }
}
