using System.Diagnostics;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Models.Text.Templates;
using Xunit;

namespace Pipelines.Stages.Tests.Text.Templates;

/// <summary>The renderer gives what Jinja2 gives, or refuses; it always ends.</summary>
public sealed class JinjaTemplateTests
{
    /// <summary>Templates that must not hang, end the process or fill the memory.</summary>
    private static readonly string[] Endless =
    [
        "{{ " + new string('(', 100_000),
        "{{ " + new string('-', 100_000) + "1 }}",
        "{{ " + string.Concat(Enumerable.Repeat("not ", 50_000)) + "1 }}",
        "{{ 1" + string.Concat(Enumerable.Repeat("+1", 100_000)) + " }}",
        "{{ a" + string.Concat(Enumerable.Repeat(".b", 100_000)) + " }}",
        "{{ a" + string.Concat(Enumerable.Repeat("|upper", 100_000)) + " }}",
        string.Concat(Enumerable.Repeat("{% if 1 %}", 50_000)),
        "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ 'a'.zfill(-5) }}{{ 10 ** 1000000 }}",
        "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ "
            + "ns.x == ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns.x }}",
        "{% macro f(x) %}{{ f(x) ~ f(x) }}{% endmacro %}{{ f(1) }}",
        "{{ range(1000000000) }}",
        "{% set s = 'ab' * 500000 %}{% for i in range(100000) %}{% set x = s.find('zz') %}{% endfor %}",
        "{% set l = range(100000) | list %}{% for i in range(100000) %}{% set x = -1 in l %}{% endfor %}",
        "{% set l = range(100000) | list %}{% for i in range(100000) %}{% set x = l | sort %}{% endfor %}",
        "{{ (-9223372036854775807 - 1) | abs }}",
        "{{ [1][::-9223372036854775807] }}",
        "{{ 'a' | map(attribute='99999999999999999999') | list }}",
        new string('x', 2 << 20),
    ];

    [Fact]
    public void Every_recorded_template_gives_Jinja2s_text_or_fails_as_there()
    {
        using var file = JsonDocument.Parse(
            File.ReadAllBytes(
                Path.Combine(Golden.RepositoryRoot(), "tests", "Stages.Tests", "Text", "Templates", "jinja-cases.json")
            )
        );
        var variables = file
            .RootElement.GetProperty("variables")
            .EnumerateObject()
            .ToDictionary(v => v.Name, v => PythonJson.Read(v.Value), StringComparer.Ordinal);
        int rows = 0;
        foreach (JsonElement row in file.RootElement.GetProperty("cases").EnumerateArray())
        {
            string template = row.GetProperty("template").GetString()!;
            if (row.TryGetProperty("expected", out JsonElement expected))
            {
                JinjaTemplate
                    .Parse(template)
                    .Render(variables)
                    .Should()
                    .Be(expected.GetString(), "Jinja2 gives it for {0}", template);
            }
            else
            {
                FluentActions
                    .Invoking(() => JinjaTemplate.Parse(template).Render(variables))
                    .Should()
                    .Throw<JinjaException>("Jinja2 refuses {0}", template);
            }

            rows++;
        }

        rows.Should().BeGreaterThan(400);
    }

    [GoldenFact("templates.json")]
    public void Every_published_template_gives_the_hubs_text_or_fails_as_there()
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Golden.Path("templates.json")));
        int rows = 0;
        foreach (JsonElement row in file.RootElement.GetProperty("entries").EnumerateArray())
        {
            string name = row.GetProperty("template").GetString()!,
                kind = row.GetProperty("kind").GetString()!;
            string template = File.ReadAllText(Golden.Path("..", "templates", name));
            var variables = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["messages"] = PythonJson.Read(row.GetProperty("messages")),
                ["add_generation_prompt"] = row.GetProperty("add_generation_prompt").GetBoolean(),
                ["tools"] = PythonNone.Value,
                ["documents"] = PythonNone.Value,
            };
            foreach (string token in (string[])["bos_token", "eos_token"])
            {
                if (row.GetProperty(token).GetString() is { } text)
                {
                    variables[token] = text;
                }
            }

            if (row.TryGetProperty("expected", out JsonElement expected))
            {
                JinjaTemplate
                    .Parse(template)
                    .Render(variables)
                    .Should()
                    .Be(expected.GetString(), "{0} gives it for {1}", name, kind);
            }
            else
            {
                FluentActions
                    .Invoking(() => JinjaTemplate.Parse(template).Render(variables))
                    .Should()
                    .Throw<JinjaException>("{0} refuses {1}", name, kind);
            }

            rows++;
        }

        rows.Should().BePositive();
    }

    [Fact]
    public void No_template_hangs_or_fills_the_memory()
    {
        foreach (string template in Endless)
        {
            var watch = Stopwatch.StartNew();
            long before = GC.GetAllocatedBytesForCurrentThread();
            RendersOrRefuses(template);
            string shown = template[..Math.Min(60, template.Length)];
            watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(30), "{0} ends", shown);
            (GC.GetTotalMemory(false) - before).Should().BeLessThan(1L << 30, "{0} stays small", shown);
        }
    }

    [Property(MaxTest = 300)]
    public void Damaged_templates_are_rendered_or_refused(int seed)
    {
        var random = new Random(seed);
        const string whole =
            "{%- set ns = namespace(v=0) %}{% for m in messages if m.role != 'x' %}{%- if loop.first and "
            + "m['content'] is string %}{{ m.content | trim }}{% else %}"
            + "{% for p in m.content | selectattr('type', 'equalto', 'text') %}{{ p.text[1:] + \"\\n\" ~ ns.v }}{% "
            + "set ns.v = ns.v + 1 %}{% endfor %}{% endif %}{# c #}{% endfor -%}"
            + "{% macro f(a, b=2) %}{{ a | tojson(indent=1) }}{% endmacro %}{{ f([1, {'k': none}, (2.5,)]) if "
            + "messages else raise_exception('no') }}{% raw %}{{ x }}{% endraw %}";
        RendersOrRefuses(Encoding.UTF8.GetString(Mutation.Of(Encoding.UTF8.GetBytes(whole), random)));
    }

    [Theory]
    [InlineData("{% include 'x' %}", "line 1: the statement 'include' is not supported")]
    [InlineData("\n{{ 'a' | safe }}", "line 2: the filter 'safe' is not supported")]
    [InlineData("{{ '%s' % 1 }}", "line 1: the operator '%' on a text is not supported")]
    [InlineData("{{ 'a'.format(1) }}", "line 1: the method 'format' of a text is not supported")]
    [InlineData("{{ strftime_now('%d') }}", "line 1: the template writes the date of the day*")]
    [InlineData("{% for i in [1] recursive %}{% endfor %}", "line 1: recursive loops are not supported")]
    public void What_the_renderer_does_not_know_is_refused_by_name_and_line(string template, string message) =>
        FluentActions
            .Invoking(() => JinjaTemplate.Parse(template).Render(new Dictionary<string, object>()))
            .Should()
            .Throw<JinjaException>()
            .WithMessage(message)
            .Which.Unsupported.Should()
            .BeTrue();

    private static void RendersOrRefuses(string template)
    {
        try
        {
            var message = new PythonDict();
            message.Set("role", "user");
            message.Set("content", "Q");
            JinjaTemplate
                .Parse(template)
                .Render(new Dictionary<string, object> { ["messages"] = new PythonList([message]) })
                .Length.Should()
                .BeLessThanOrEqualTo(1 << 20);
        }
        catch (JinjaException e)
        {
            e.Message.Should().StartWith("line ");
        }
    }
}
