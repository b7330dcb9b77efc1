using System.Reflection;
using System.Text.RegularExpressions;
using FluentAssertions;
using Pipelines.Models.Families;
using Pipelines.Models.Making;
using Pipelines.Spec;
using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Host.Tests.Planning;

/// <summary>
/// The spec sees no model, so two lists of it repeat what families register: a new family that is missing there is
/// found here.
/// </summary>
public sealed class RegisteredFamilyTests
{
    [Fact]
    public void A_spec_may_name_every_prompt_of_a_registered_family_and_no_other()
    {
        FormAttribute form = typeof(ModelSpec)
            .GetProperty(nameof(ModelSpec.Template))!
            .GetCustomAttribute<FormAttribute>()!;
        string[] names = [ModelTemplate.Auto, .. KnownFamilies.Templates.Select(t => t.Name)];
        form.Words.Should().BeEquivalentTo(names);
        names.Should().OnlyContain(n => Regex.IsMatch(n, form.Regex));
        names.Should().OnlyContain(n => form.Allowed.Contains(n, StringComparison.Ordinal));
    }

    [Fact]
    public void A_published_model_that_is_missing_is_told_where_it_is_to_be_had()
    {
        foreach (PublishedModel model in PublishedModel.All)
        {
            Downloads.Model($"/models/{model.Name}").Should().Contain($"/{model.Name} from the model hub");
        }
    }
}
