// Where logs and metrics go, and who is told. Queries run on the workspace (AppRequests, AppTraces, AzureMetrics) only.
param workspaceName string
param componentName string
param actionGroupName string
param location string
param tags object
param retentionDays int
param emails array

@secure()
param webhookUrl string
param appPrincipalId string
param metricsPublisherRoleId string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: retentionDays
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

// Without local authentication the app sends telemetry as itself.
resource mayPublish 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(component.id, appPrincipalId, metricsPublisherRoleId)
  scope: component
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisherRoleId)
  }
}

var mail = [for (email, i) in emails: {
  name: 'mail-${i}'
  emailAddress: email
  useCommonAlertSchema: true
}]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'payments'
    emailReceivers: mail
    webhookReceivers: webhookUrl == '' ? [] : [
      {
        name: 'pager'
        serviceUri: webhookUrl
        useCommonAlertSchema: true
      }
    ]
  }
}

output workspaceId string = workspace.id
output connectionString string = component.properties.ConnectionString
output actionGroupId string = actionGroup.id
